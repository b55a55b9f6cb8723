"""Files that are landed one by one, of which some may be of something else."""

from collections.abc import Callable, Sequence

from pipeline.ingest.files import InputFile, find_files
from pipeline.ingest.landing.landing import Landing


def land_each_file(
    landing: Landing, paths: Sequence[str], ingest_file: Callable[[InputFile], str | None]
) -> str | None:
    """Land the files behind paths; what is wrong, in one sentence, if nothing of them could be read.

    Where something could, the landing is warned of the rest.

    Args:
        landing: an open landing.
        paths: files, folders, globs or `-`, as a person gave them.
        ingest_file: lands a file; returns what is wrong with it if nothing in it is what is looked for.
    """
    files, problems = find_files(paths, landing.warn)
    landing.read_again(file.name for file in files if file.path)
    found = [ingest_file(file) for file in files]
    problems += [problem for problem in found if problem]
    if None not in found:
        return f"Nothing to ingest: {'; '.join(problems)}."
    for problem in problems:
        landing.warn(f"{problem}.")
    return None
