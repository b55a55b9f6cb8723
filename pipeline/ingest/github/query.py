"""What to ask GitHub for, with its own command line tool, and what of the answer may be cut.

https://cli.github.com/manual/gh_api, https://docs.github.com/en/graphql/reference/objects#pullrequest
"""

# `gh api graphql --paginate` fills in $endCursor, and goes on while hasNextPage. What is nested has one page.
QUERY = """\
query($owner: String!, $name: String!, $endCursor: String) {
  repository(owner: $owner, name: $name) {
    pullRequests(first: 25, after: $endCursor, orderBy: {field: UPDATED_AT, direction: DESC}) {
      pageInfo { hasNextPage endCursor }
      nodes {
        id number url state createdAt updatedAt mergedAt closedAt body
        headRefName baseRefName isCrossRepository additions deletions changedFiles
        author { __typename login }
        mergeCommit { oid }
        labels(first: 100) { nodes { name } }
        commits(first: 100) { totalCount nodes { commit { oid } } }
        reviews(first: 100) { totalCount nodes { author { __typename login } state submittedAt } }
        head: commits(last: 1) {
          nodes { commit { statusCheckRollup { contexts(first: 100) {
            totalCount
            nodes { __typename ... on CheckRun { conclusion } ... on StatusContext { state } }
          } } } }
        }
      }
    }
  }
}
"""

# Of one team: only one connection of a query can be paged through.
TEAM_QUERY = """\
query($org: String!, $team: String!, $endCursor: String) {
  organization(login: $org) {
    team(slug: $team) {
      name
      parentTeam { name }
      members(first: 100, after: $endCursor, membership: IMMEDIATE) {
        pageInfo { hasNextPage endCursor }
        nodes { login }
      }
    }
  }
}
"""
QUERIES = {"pulls": QUERY, "team": TEAM_QUERY}

# What `gh pr list --json` must name.
FIELDS = (
    *("id", "number", "url", "state", "createdAt", "updatedAt", "mergedAt", "closedAt", "body"),
    *("headRefName", "baseRefName", "isCrossRepository", "additions", "deletions", "changedFiles"),
    *("author", "labels", "mergeCommit", "commits", "reviews", "statusCheckRollup"),
)
NEEDED = ("number", "url", "state", "createdAt", "updatedAt")
PAGE = 100  # the most that either command gets of commits, reviews and checks

COMMANDS = """\
  gh api graphql --paginate -F owner=OWNER -F name=REPO \\
    -f query="$(aa-pipeline ingest github --print-query)" > pulls.json"""
