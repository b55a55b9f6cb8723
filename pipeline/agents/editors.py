"""Where Visual Studio Code and the editors made from it keep what their extensions store."""

from pipeline.agents.declaration import Home


def global_storages(extension: str, folder: str = "tasks") -> tuple[Home, ...]:
    """The homes of an extension on Linux, macOS and Windows, in every editor, and on remote hosts.

    Args:
        extension: publisher and name, in lower case.
        folder: what to read of its storage.
    """
    stored = f"User/globalStorage/{extension}/{folder}"
    return (
        Home("~/.config", (f"*/{stored}",), variable="XDG_CONFIG_HOME"),
        Home("~/Library/Application Support", (f"*/{stored}",)),
        Home("~/AppData/Roaming", (f"*/{stored}",), variable="APPDATA"),
        Home("~", (f".*-server*/data/{stored}",)),
    )
