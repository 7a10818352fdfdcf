"""How gunicorn serves the site; `gunicorn wsgi:app` reads this file by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

bind = "127.0.0.1:8000"
workers = 2
worker_class = "gthread"
threads = 4
# The site is loaded once and shared by all workers: they start at once and share memory.
preload_app = True
keepalive = 5
timeout = 60
graceful_timeout = 20
# A worker is replaced now and then, so that no slow leak ever matters; not all at once.
max_requests = 50_000
max_requests_jitter = 5_000
limit_request_line = 8190
limit_request_fields = 60
limit_request_field_size = 8190
# Whose X-Forwarded headers count is the site's own setting, BROADSHEET_TRUSTED_PROXIES; what
# gunicorn would take from a proxy on this machine, a stranger could send through it.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
# Two sites of one user would share it.
control_socket_disable = True
# Heartbeats in memory: on a busy disk a worker would be taken for dead.
worker_tmp_dir = "/dev/shm"  # noqa: S108 - gunicorn makes a private file there


def on_starting(server: Arbiter) -> None:
    """Warm the site up before the workers are forked from it."""
    # Gunicorn reads this file before it has set the path.
    from webapp.http import warming  # noqa: PLC0415

    warming.warm_up(server.app.wsgi())


def post_worker_init(worker: Worker) -> None:
    """Give each worker connections of its own, and let one bring the index up to date."""
    # As above.
    from webapp.services import starting  # noqa: PLC0415

    starting.begin_worker(worker.wsgi)


def worker_exit(_server: object, worker: Worker) -> None:
    """Keep what a worker has counted."""
    # As above.
    from webapp.services import starting  # noqa: PLC0415

    starting.end_worker(worker.wsgi)
