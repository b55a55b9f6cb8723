import subprocess

from pipeline.compile.code_versions import PACKAGES, _check_out


def git(folder, *arguments):
    author = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "-C", folder, *author, *arguments], check=True, capture_output=True)


def test_a_revision_is_taken_out_of_git_as_it_was_and_its_links_lead_nowhere(tmp_path):
    repository, folder = tmp_path / "repository", tmp_path / "folder"
    for package in ("pipeline", "schemas"):
        (repository / package).mkdir(parents=True)
        (repository / package / "__init__.py").write_text(f"# {package}")
    (repository / "schemas" / "link").symlink_to("/etc")
    (repository / "README.md").write_text("not code")
    git(repository.parent, "init", "-q", repository)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "one")
    (repository / "pipeline" / "__init__.py").write_text("# later")
    folder.mkdir()
    _check_out("HEAD", repository / "schemas", folder, PACKAGES)
    files = {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}
    assert files == {
        "pipeline/__init__.py": "# pipeline",
        "schemas/__init__.py": "# schemas",
        "schemas/link": "/etc",
    }
