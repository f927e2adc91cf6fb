"""How a command ends that cannot do what was asked: one sentence on the error stream and a status, never a traceback.

A refusal of ours ends with 2 and its own sentence; so do a database that goes away, and a file or folder that the
machine refuses. Ctrl-C and SIGTERM alike stop a command at its next safe place: what it holds is given back on the way
out, and it ends with 130. A fault of our own is not caught here: it is logged by kind and place (`canbao.site.logs`).
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import typer

from canbao.kernel.errors import CanbaoError, Retry, declare
from canbao.site.logs import configure

REFUSED, STOPPED = 2, 130

DATABASE_REFUSED = declare(
    "site.database_refused",
    Retry.LATER,
    "数据库没有做完（{kind}），没做完的那一步已撤销。请看数据库的日志，改正后再运行同一命令",
    "The database did not finish ({kind}), and the unfinished step was undone. Look at its log, mend what it says, and "
    "run the same command again",
)
FILE_REFUSED = declare(
    "site.file_refused",
    Retry.NEVER,
    "{path} 不能读写（{reason}），请改正后再运行同一命令",
    "{path} could not be read or written ({reason}); mend that and run the same command again",
)
STOPPED_SENTENCE = "Stopped. Whatever was finished is kept, nothing is half done; the same command goes on from there."

_OF_ITS_STATE = ("25006", "42501", "53", "55", "57014")
"""SQLSTATEs that tell of the database rather than of our statement: read-only, no privilege, no room, in use, too
slow."""


@contextmanager
def told_in_a_sentence() -> Iterator[None]:
    """Run a command inside: its refusals become a sentence and a status."""
    # Only a main thread may say what a signal does; there SIGTERM stops as Ctrl-C does.
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler) if is_main else None
    try:
        yield
    except CanbaoError as refused:
        raise _end(str(refused)) from refused
    except KeyboardInterrupt as stopped:
        raise _end(STOPPED_SENTENCE, STOPPED) from stopped
    except BrokenPipeError:
        raise
    except OSError as refused:
        reason = refused.strerror or type(refused).__name__
        raise _end(str(FILE_REFUSED(path=str(refused.filename or "A file"), reason=reason))) from refused
    except Exception as failure:
        sentence = _sentence_of(failure)
        if sentence is None:
            # From here on nothing of its text is shown, whether or not the command came as far as to see to that.
            configure()
            raise
        raise _end(sentence) from failure
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _sentence_of(failure: Exception) -> str | None:
    """What to say of a failure outside our programs; None for one of our own."""
    from canbao.site.postgres_place import PostgresUnavailable
    from canbao.site.start import database_away

    if isinstance(failure, PostgresUnavailable):
        return str(failure)
    # Migrations are Django's, which wraps what the driver says.
    cause = failure if isinstance(failure, psycopg.Error) else failure.__cause__
    if not isinstance(cause, psycopg.Error):
        return None
    code = cause.sqlstate or ""
    if code.startswith(_OF_ITS_STATE):
        return str(DATABASE_REFUSED(kind=type(cause).__name__))
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return str(database_away())
    return None


def _end(sentence: str, status: int = REFUSED) -> typer.Exit:
    typer.secho(sentence, fg="red", err=True)
    return typer.Exit(status)
