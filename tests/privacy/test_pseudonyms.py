"""What stands for people keeps the form by which models know it, and is made once."""

import hashlib
import re

import pytest

from pipeline.config import Config
from pipeline.errors import ConfigError
from pipeline.privacy.pseudonyms import Pseudonyms
from pipeline.system.pseudonyms import KEY_VARIABLE, without_people

KEY = b"a key of the tests"
ADA = Pseudonyms(KEY, ("example.com",)).person("ada@example.com")
NOREPLY = "users.noreply.github.com"
INSTALL = hashlib.sha256(b"ada").hexdigest()


@pytest.fixture
def pseudonyms():
    return Pseudonyms(KEY, ("example.com",))


def test_case_and_space_do_not_make_two_of_one_person(pseudonyms):
    spellings = ["ada@example.com", " Ada@Example.com", "ADA@EXAMPLE.COM\n"]
    assert {*map(pseudonyms.person, spellings)} == {ADA}


def test_only_internal_domains_stay(pseudonyms):
    """A domain may be a person's own; an address must stay one, since models look for the `@`."""
    people = ["ada@example.com", "ada@lovelace.net", "ada@mail.example.com"]
    domains = [pseudonyms.person(person).partition("@")[2] for person in people]
    assert domains == ["example.com", "external.invalid", "external.invalid"]
    assert len({pseudonyms.person(person) for person in people}) == 3


def test_githubs_address_stays_one_of_its_login(pseudonyms):
    """Models take the login out of it, which may be the one of a Copilot report or of the identity map."""
    octocat = pseudonyms.person("octocat")
    assert pseudonyms.person(f"123+Octocat@{NOREPLY}") == f"{octocat}@{NOREPLY}"
    assert pseudonyms.person(f"octocat@{NOREPLY}") == f"{octocat}@{NOREPLY}"


def test_an_install_stays_behind_an_account(pseudonyms):
    """Models tell it from an account by its 64 digits."""
    install = pseudonyms.person(INSTALL)
    assert install != INSTALL
    assert re.fullmatch("[0-9a-f]{64}", install)
    assert pseudonyms.person("5f0cadaa-1842-4000-8000-18151127ada1").startswith("person-")


def test_agents_are_no_people(pseudonyms):
    agents = ["noreply@anthropic.com", f"198982749+Copilot@{NOREPLY}", "Copilot", "google-labs-jules[bot]"]
    assert [pseudonyms.person(agent) for agent in agents] == agents
    assert pseudonyms.person("unknown") == "unknown"


def test_a_bot_stays_one_and_is_counted_among_no_people(pseudonyms):
    bots = ["dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com"]
    assert [pseudonyms.person(name) for name in bots] == bots
    assert pseudonyms.name("dependabot[bot]", bots[1]) == "49699333+dependabot[bot]"
    assert pseudonyms.person("ada[bot]@example.com").startswith("person-")


def test_a_name_beside_an_agents_address_does_not_stay(pseudonyms):
    assert pseudonyms.name("Ada, by Claude", "noreply@anthropic.com") == "noreply"
    assert pseudonyms.name("Ada Lovelace", "ada@example.com") == ADA.partition("@")[0]
    assert pseudonyms.name(None, "ada@example.com") is None


@pytest.mark.parametrize(
    "name", ["ada", "ada@example.com", "ada@lovelace.net", f"1+ada@{NOREPLY}", INSTALL, "Ada Lovelace"]
)
def test_a_pseudonym_gets_none_of_its_own(pseudonyms, name):
    once = pseudonyms.person(name)
    assert once.lower() != name.lower()
    assert pseudonyms.person(once) == once


def test_whoever_calls_himself_like_a_pseudonym_gets_one(pseudonyms):
    looks_like_one = "person-00000000000000000000@lovelace.net"
    assert "lovelace" not in pseudonyms.person(looks_like_one)
    assert pseudonyms.person("f" * 64) != "f" * 64


def test_another_key_gives_another_person_and_another_check(pseudonyms):
    other = Pseudonyms(b"another key of the tests", ("example.com",))
    assert other.person("ada") != pseudonyms.person("ada")
    assert other.check != pseudonyms.check
    assert KEY.decode() not in pseudonyms.check


def test_ids_that_a_program_drew_stay_and_those_that_a_person_made_up_do_not(pseudonyms):
    drawn = [
        "0b7d1f1e-3c5a-4c7e-9a51-000000000001",
        "req_011CSHoEeqs5C35K2UUqR7Fy",
        "msg_01XFDUDY3J5gAACzvnptvVoYEL:req_011CSHoEeqs5C35K2UUqR7Fy",
        "0af7651916cd43dd8448eb211c80319c",
    ]
    assert [pseudonyms.identifier(one) for one in drawn] == drawn
    made_up = ["ada", "ada-2026-11-01", "AdaLovelaceOfLondon", "report 2026-11-01 ada", "/home/ada/x"]
    assert [one for one in made_up if not pseudonyms.identifier(one).startswith("hidden-")] == []
    assert pseudonyms.identifier("ada") == pseudonyms.identifier("ada") != pseudonyms.identifier("bob")


def test_models_stay_also_where_they_lie_in_somebodys_folder(pseudonyms):
    words = ["claude-sonnet-4-5@20250929", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "openai/gpt-5.4"]
    assert [pseudonyms.word(word) for word in words] == words
    assert pseudonyms.word("/home/ada/models/llama-4.gguf") == "llama-4.gguf"
    assert pseudonyms.word(r"C:\Users\Ada\llama-4.gguf") == "llama-4.gguf"
    assert pseudonyms.word("ask ada@example.com").startswith("hidden-")
    assert pseudonyms.word("Mend the login of Ada please").startswith("hidden-")


def test_the_identity_of_a_record_cannot_be_guessed_and_keeps_the_readers_version(pseudonyms):
    """Without a key, names could be tried until the hash of a record comes out."""
    once = pseudonyms.record_hash("t2:0123456789abcdef0123456789abcdef")
    assert re.fullmatch("t2:k:[0-9a-f]{32}", once)
    assert pseudonyms.record_hash(once) == once


def test_a_file_has_the_same_name_again_and_only_its_suffix_shows(pseudonyms):
    name = pseudonyms.file("/home/ada/lovelace.jsonl")
    assert re.fullmatch(r"file-[0-9a-f]{20}\.jsonl", name)
    assert pseudonyms.file(name) == name != pseudonyms.file("/home/ada/byron.jsonl")
    assert "." not in pseudonyms.file("/home/ada/x.lovelace")


def test_what_is_said_of_a_record_repeats_nothing_of_it(pseudonyms):
    assert pseudonyms.sentence("not an export of logs: its keys are ada, lovelace") == (
        "not an export of logs: its keys are …"
    )
    assert pseudonyms.sentence("GitHub answered with: ada is gone") == "GitHub answered with: …"
    assert pseudonyms.sentence("its type is 'ada'") == "its type is …"
    assert pseudonyms.sentence("point of ada.tokens: it has no time") == "point of …: it has no time"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("duckdb:////home/ada/aa.duckdb", "duckdb:///~/aa.duckdb"),
        ("/Users/ada/x is gone", "~/x is gone"),
        (r"C:\Users\ada\x", r"~\x"),
        ("-home-ada-app/s.jsonl", "~/s.jsonl"),
        ("postgres://ada@db.example.com/x", "postgres://…@db.example.com/x"),
        ("no record is of ada@example.com.", "no record is of …."),
        (f"no record is of {ADA}.", f"no record is of {ADA}."),
        ("models and users: /models/users", "models and users: /models/users"),
    ],
)
def test_people_in_sentences(said, shown):
    assert without_people(said) == shown


@pytest.mark.parametrize("key", ["", "short"])
def test_without_a_key_there_are_none(monkeypatch, key):
    monkeypatch.setenv(KEY_VARIABLE, key)
    with pytest.raises(ConfigError, match=KEY_VARIABLE):
        Pseudonyms.of_project(Config())
