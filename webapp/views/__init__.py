"""The pages: one blueprint a file; a view reads its input, asks a service, answers."""
