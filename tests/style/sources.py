"""The files of the project: what git knows, and new ones that it would take."""
import pathlib
import subprocess


def source_files(root, *patterns):
    """Names relative to `root`, sorted; all of them without a pattern ("*.c")."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard",
         "--", *patterns], check=True, capture_output=True, text=True).stdout
    names = {name for name in listed.split("\0") if name}
    return sorted(name for name in names if pathlib.Path(root, name).is_file())
