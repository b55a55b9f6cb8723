"""A company of three whose records name them wherever records can, and everything that names them."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

from tests.ingest.otlp.samples import TIME, log, logs, metric, metrics, point, span, spans

ADA, HOME_OF_ADA, BOB, CLEO = (
    *("ada@corp.example", "lovelace@analytical.example"),
    *("4711+bobbyron@users.noreply.github.com", "cleo@curie.example"),
)
ACCOUNT = "5f0cadaa-1842-4000-8000-18151127ada1"
INSTALL = hashlib.sha256(b"lovelace").hexdigest()
# Everything that tells of somebody, in lower case; none of it is a word of ours.
NAMES = (
    *("lovelace", "ada@corp", "adalove", "bobbyron", "byron", "cleo@", "cleo c", "curie", "bob@corp"),
    *(ACCOUNT, INSTALL, "ada-macbook", "zuckermann", "secretfolder", "secretbranch", "4711+"),
)
DAY = 24 * 3600 * 10**9
HOUR = DAY // 24
BEGIN = TIME - 2 * DAY  # 2025-12-31
AS_OF = "2026-01-03T12:00Z"
SESSION = "0b7d1f1e-3c5a-4c7e-9a51-{:012d}"


def write(file: Path, *lines: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def instant(seconds: int) -> str:
    return f"2026-01-02T10:{seconds // 60:02}:{seconds % 60:02}Z"


def make(home: Path) -> dict[str, list[str]]:
    """Write everything below a home folder; what to ingest, by ingest."""
    return {
        "transcripts": [str(path) for path in transcripts(home)],
        "otlp": [str(path) for path in otlp(home / "telemetry")],
        "git": [str(repository(home / "secretfolder"))],
        "copilot": [str(path) for path in copilot(home / "lovelace-copilot")],
        "billing": [str(path) for path in bills(home / "lovelace-bills")],
    }


def transcripts(home: Path) -> list[Path]:
    cwd = str(home / "secretfolder")
    claude = home / ".claude" / "projects" / ("-" + cwd.strip("/").replace("/", "-")) / "s1.jsonl"
    common = {
        "sessionId": SESSION.format(1),
        "cwd": cwd,
        "gitBranch": "lovelace/secretbranch",
        "version": "2.1.300",
    }
    write(
        claude,
        common
        | {
            "type": "user",
            "uuid": "u1",
            "timestamp": instant(0),
            "message": {"role": "user", "content": "Call Zuckermann back"},
        },
        common
        | {
            "type": "assistant",
            "uuid": "a1",
            "timestamp": instant(30),
            "requestId": "req_1",
            "message": {
                "id": "msg_1",
                "model": "claude-opus-4-8",
                "content": [{"type": "text", "text": "Zuckermann is called"}],
                "usage": {"input_tokens": 1000, "output_tokens": 200},
            },
        },
        # Its tokens are no number, and nobody reads the usage of the last one.
        common
        | {
            "type": "assistant",
            "uuid": "a2",
            "timestamp": instant(40),
            "requestId": "req_2",
            "message": {"id": "m", "model": "claude-opus-4-8", "usage": {"input_tokens": "Lovelace"}},
        },
        common | {"type": "lovelace's kind", "timestamp": instant(50), "usage": {"input_tokens": 5}},
    )
    used = {
        "input_tokens": 5000,
        "cached_input_tokens": 0,
        "output_tokens": 400,
        "reasoning_output_tokens": 0,
    }
    used["total_tokens"] = 5400
    codex = write(
        home / ".codex" / "sessions" / "rollout-lovelace.jsonl",
        {
            "timestamp": instant(100),
            "type": "session_meta",
            "payload": {
                "id": SESSION.format(2),
                "cwd": cwd,
                "git": {"branch": "secretbranch", "repository_url": "git@github.com:adalove/app.git"},
            },
        },
        {"timestamp": instant(101), "type": "turn_context", "payload": {"model": "gpt-5.4", "cwd": cwd}},
        {
            "timestamp": instant(130),
            "type": "event_msg",
            "payload": {"type": "token_count", "info": {"total_token_usage": used, "last_token_usage": used}},
        },
    )
    gemini = write(
        home / ".gemini" / "tmp" / "abc" / "chats" / "session-1.jsonl",
        {
            "sessionId": SESSION.format(3),
            "projectHash": "abc",
            "startTime": instant(200),
            "lastUpdated": instant(200),
            "kind": "main",
        },
        {"id": "u1", "timestamp": instant(201), "type": "user", "content": [{"text": "Zuckermann again"}]},
        {
            "id": "m1",
            "timestamp": instant(205),
            "type": "gemini",
            "content": "Zuckermann it is",
            "model": "gemini-3.1-pro-preview",
            "tokens": {"input": 900, "output": 40, "cached": 700, "thoughts": 15, "tool": 0, "total": 955},
        },
    )
    return [claude, codex, gemini]


def otlp(folder: Path) -> list[Path]:
    ada = {"user.email": "Ada@corp.example", "user.account_uuid": ACCOUNT, "user.id": INSTALL}
    of_ada = {
        "service.name": "claude-code",
        "service.version": "2.1.300",
        "host.name": "ada-macbook",
        "process.owner": "lovelace",
        "workspace.host_paths": ["/home/lovelace/secretfolder"],
    }

    def request(session: int, number: int, people: dict[str, str], **more: object) -> dict[str, object]:
        attributes = {
            "event.name": "api_request",
            "session.id": SESSION.format(session),
            "request_id": f"req_011CSHoEeqs5C35K2UU{session}R{number}",
            "model": "claude-opus-4-8",
            "input_tokens": 1000 * number,
            "output_tokens": 10 * number,
            "cost_usd": 0.25 * number,
        }
        return log(attributes | people | more, at=BEGIN + session * HOUR + number * 10**9)

    prompt = log(
        {"event.name": "user_prompt", "session.id": SESSION.format(10), "prompt": "Zuckermann"} | ada,
        body="claude_code.user_prompt",
        at=BEGIN + 10 * HOUR,
    )
    nowhere = {"session.id": SESSION.format(10), "name": "Lovelace"}
    exported = write(
        folder / "lovelace-logs.jsonl",
        logs(
            prompt,
            *(request(10, number, ada, cwd="/home/lovelace/secretfolder") for number in (1, 2, 3)),
            request(11, 1, {"user.account_uuid": ACCOUNT, "user.id": INSTALL}),
            request(12, 1, {"user.id": INSTALL}),
            log(nowhere, at=0),
            resource=of_ada,
        ),
        logs(
            request(13, 1, {"user.email": "cleo@curie.example"}),
            request(14, 2, {"user.email": "bob@corp.example"}),
        ),
        {"lovelace@analytical.example": "no export"},
    )
    # Two machines of one person, whose counters go on beside each other.
    counted = [
        metrics(
            metric(
                *(
                    point(
                        value * step,
                        {"session.id": SESSION.format(20), "type": "input", "model": "claude-opus-4-8"} | ada,
                        at=BEGIN + 20 * HOUR + step * HOUR,
                        start=BEGIN + 20 * HOUR,
                    )
                    for step in (1, 2, 3)
                ),
                temporality=2,
            ),
            resource=of_ada | {"host.name": host},
        )
        for host, value in (("ada-macbook", 100.0), ("lovelace-desktop", 1000.0))
    ]
    strange = metrics({"name": "lovelace.secretfolder", "unit": "1", "lovelace": {}}, resource=of_ada)
    asked = {
        "gen_ai.conversation.id": SESSION.format(30),
        "gen_ai.request.model": "gpt-5.4",
        "gen_ai.usage.input_tokens": 700,
        "gen_ai.usage.output_tokens": 70,
        "enduser.id": "adalove",
    }
    traced = spans(span(asked), span({"url": "/home/lovelace"}, name="GET lovelace"))
    return [
        exported,
        write(folder / "metrics.jsonl", *counted, strange),
        write(folder / "spans.jsonl", traced),
    ]


COMMITS = (
    (
        "Ada Lovelace",
        ADA,
        "Mend the login of Zuckermann\n\nCo-Authored-By: Claude Opus 4.8 <noreply@anthropic.com>",
    ),
    ("A. Lovelace", HOME_OF_ADA, "Zuckermann pays\n\nCo-authored-by: Cleo Curie <cleo@curie.example>"),
    ("Bob Byron", BOB, "Byron's\n\nAssisted-by: Codex:gpt-5.4\nSigned-off-by: Bob Byron <bob@corp.example>"),
    ("Bob Byron (aider)", "bob@corp.example", "By hand and aider"),
    ("Cleo Curie", CLEO, "Curie\n\n🤖 Generated with [Claude Code](https://claude.com/claude-code)"),
    ("Copilot", "198982749+Copilot@users.noreply.github.com", "For Lovelace"),
)


def repository(path: Path) -> Path:
    def git(*arguments: str, **more: str) -> None:
        subprocess.run(
            ["git", "-C", str(path), *arguments], check=True, capture_output=True, env={**os.environ, **more}
        )

    path.mkdir(parents=True)
    git("init", "--quiet", "--initial-branch=main")
    git("remote", "add", "origin", "git@github.com:adalove/app.git")
    for number, (name, email, message) in enumerate(COMMITS):
        (path / f"lovelace-{number}.txt").write_text("Zuckermann\n" * (number + 1))
        git("add", ".")
        at = f"2026-01-01T{number + 1:02}:00:00Z"
        git(
            *("commit", "--quiet", "--no-verify", "-m", message),
            GIT_AUTHOR_NAME=name,
            GIT_AUTHOR_EMAIL=email,
            GIT_AUTHOR_DATE=at,
            GIT_COMMITTER_NAME="Ada Lovelace",
            GIT_COMMITTER_EMAIL=ADA,
            GIT_COMMITTER_DATE=at,
        )
    return path


def copilot(folder: Path) -> list[Path]:
    day = {
        "day": "2026-01-02",
        "organization_id": "42",
        "code_generation_activity_count": 10,
        "code_acceptance_activity_count": 4,
        "loc_suggested_to_add_sum": 50,
        "loc_added_sum": 20,
        "totals_by_feature": [
            {
                "feature": "code_completion",
                "code_generation_activity_count": 10,
                "code_acceptance_activity_count": 4,
                "loc_suggested_to_add_sum": 50,
                "loc_added_sum": 20,
            }
        ],
    }
    return [
        write(
            folder / "users.ndjson",
            day | {"user_login": "AdaLove", "ai_credits_used": 12.5},
            day | {"user_login": "bobbyron", "ai_credits_used": 2.5},
            {"message": "bobbyron is not a member"},
        ),
        write(
            folder / "seats.json",
            {
                "seats": [
                    {
                        "assignee": {"login": login},
                        "created_at": "2025-12-01T00:00:00Z",
                        "plan_type": "business",
                    }
                    for login in ("AdaLove", "bobbyron", "curiecleo")
                ]
            },
        ),
    ]


SEEDS = {
    "identities.csv": (
        "alias,developer_id,developer_name,developer_email\n"
        "AdaLove,Ada@corp.example,Ada Lovelace,ada@corp.example\n"
        "bobbyron,bob@corp.example,Bob Byron,bob@corp.example\n"
    ),
    ".mailmap": f"Ada Lovelace <{ADA}> <{HOME_OF_ADA}>\n",
    "seats.csv": (
        "developer_id,agent_type,provider,plan,usd_per_month,valid_from\n"
        f"{ADA},claude_code,anthropic,max,100,2025-12-15\n"
    ),
    "budgets.csv": (
        "scope,month,budget_usd\n"
        f"developer:{ADA},2025-12-01,0.01\n"
        "developer:cleo@curie.example,2025-12-01,1000000\n"
        "developer:cleo@cury.example,2025-12-01,5\n"
    ),
}


def project(folder: Path, *, pseudonyms: bool) -> Path:
    """A project folder with the company's seeds."""
    seeds = folder / "seeds"
    seeds.mkdir(parents=True)
    for name, text in SEEDS.items():
        (seeds / name).write_text(text)
    configured = 'internal_domains = ["corp.example"]\n'
    if pseudonyms:
        configured += "[privacy]\npseudonyms = true\nmin_group = 1\n"
    (folder / "aa-pipeline.toml").write_text(configured)
    return folder


def bills(folder: Path) -> list[Path]:
    """A bill by person, and what a key that is called after somebody used."""
    day = {"date": "2026-01-02T00:00:00Z", "organization_id": "42", "customer_type": "api"}
    used = {"model": "claude-sonnet-4-5", "tokens": {"input": 10}, "estimated_cost": {"amount": 5}}
    people = [
        {"type": "user_actor", "email_address": ADA},
        {"type": "api_actor", "api_key_name": "lovelace-laptop"},
    ]
    columns = "date,username,sku,model,quantity,gross_amount,discount_amount,net_amount,organization"
    charged = [
        f"2026-01-02,{login},copilot_ai_credit,GPT-5,4,0.04,0,0.04,acme" for login in ("AdaLove", "bobbyron")
    ]
    report = folder / "ai_usage_report.csv"
    claude = write(
        folder / "claude_code.jsonl", *(day | {"actor": who, "model_breakdown": [used]} for who in people)
    )
    report.write_text("\n".join([columns, *charged, "2026-01-02,bobbyron,x,y,much,0,0,0,acme"]))
    return [claude, report]
