"""What records call the project that they are of: an address of its repository, or a name.

The canonical form is `owner/name`, as commits of the repository have it: sessions and commits meet by it.
Models do the same in SQL (`pipeline.models.projects`); a test holds both together.
"""

import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

# The program through which git talks, before the address: https://git-scm.com/docs/gitremote-helpers
HELPERS = re.compile(r"^([A-Za-z0-9+.-]+::)+")
FOLDER = re.compile(r"[/\\~]|[A-Za-z]:[\\/]")  # /srv/git/app, ~/app, C:\app
HOME = re.compile(r"(?i)([a-z]:)?/(home|users)/[^/]+|/root|~")  # it is called as a person is
SHORT = re.compile(r"[^/:@\s]+(@[^/:@\s]+|[.][^/:@\s]+):.")  # git@host:path, host.org:path


def project_of(address: str) -> str:
    """`owner/name` of a remote's address; never its user, password or query.

    >>> project_of("https://me:secret@github.com/octo/app.git?token=x")
    'octo/app'
    >>> project_of("git@gitlab.com:group/sub/app.git")
    'group/sub/app'
    >>> project_of("/srv/git/app.git")
    'app'
    """
    try:
        path = _path_of(HELPERS.sub("", address))
    except ValueError:  # no address that anybody could reach
        return "unknown"
    return path.strip("/").removesuffix(".git").strip("/") or "unknown"


def project_named(text: str) -> str:
    """The project that a record names, by an address or by a name; `unknown` for none.

    >>> project_named("https://me:secret@GitHub.com/octo/app.git/"), project_named("git@github.com:octo/app")
    ('octo/app', 'octo/app')
    >>> project_named("octo/app"), project_named("Shop: web"), project_named("/home/ada/app")
    ('octo/app', 'Shop: web', 'app')
    """
    named = HELPERS.sub("", without_credentials(text))
    if named.lower().startswith("file:"):
        named = re.sub("^[^:]*:(//[^/]*)?", "", named)
    if FOLDER.match(named):
        folder = named.replace("\\", "/").rstrip("/").removesuffix("/.git")
        named = "" if HOME.fullmatch(folder) else folder.rpartition("/")[2]
    elif "://" in named:
        named = re.sub("^[^:]*://[^/]*", "", named)
    elif SHORT.match(named):
        named = named.partition(":")[2]
    return named.strip("/").removesuffix(".git").strip("/") or "unknown"


def without_credentials(address: str) -> str:
    """An address as anybody may see it: without user, password and query. A password may have a slash in it.

    Blanks around it are no part of it.

    >>> without_credentials("https://me:secret@github.com/octo/app.git?token=x")
    'https://github.com/octo/app.git'
    >>> without_credentials("git@github.com:octo/app.git"), without_credentials("me:secret@host.org/octo/app")
    ('git@github.com:octo/app.git', 'host.org/octo/app')
    """
    if "@" in address:
        address = re.sub("(?s)//[^/]*@", "//", address)
        address = re.sub("(?s)//.*@", "//hidden/", address)
        address = re.sub("(?s)^[^@/]*:.*@", "", address)
    return re.split("[?#]", address)[0].strip()


def _path_of(address: str) -> str:
    short = re.fullmatch(r"(?:[^/@]+@)?([^/:]{2,}):(?!//)(.+)", address)  # host:path; C: is a drive
    if short and short[1].lower() != "file":
        return _public(short[2])
    if "://" in address and not address.lower().startswith("file:"):
        return _public(urlsplit(address).path)
    return PurePosixPath(address.replace("\\", "/").rstrip("/").removesuffix("/.git")).name


def _public(path: str) -> str:
    """A path without what may belong to a password with a slash in it, or to a query."""
    return re.split("[?#]", path)[0].rpartition("@")[2]
