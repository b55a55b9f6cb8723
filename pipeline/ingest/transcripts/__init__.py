"""What agents leave on disk, for people without telemetry → raw.otel_logs.

Many agents write every session to files. Each response and each prompt in them lands as the event
that the agent's own telemetry would have sent, with source `transcript`, so that no model knows the
difference. What people and models wrote stays where it is.

Files repeat themselves: a response is written again while it grows, and a forked session starts
with a copy of its parent. Each agent's reader, in `pipeline.agents`, says how it tells a repetition;
the landing counts it as a duplicate. Lines of other kinds (tool results, summaries, snapshots) are no
records at all.

Files that have not changed are not read again, see `memory`. What a file tells may depend on others: a
reader reads file by file and says what each shares with others, or all its files are read when one is new.

Of agents that keep no tokens on disk, usage events that people export are taken here too, with source
`export`.

Of many files a second process reads half (`serve`); it imports no engine.
"""
