"""The search engines, all of one shape; `memory` is the readable definition."""
