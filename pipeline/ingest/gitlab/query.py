"""What to ask GitLab for, with its own command line tool `glab`, and how it is asked.

https://docs.gitlab.com/cli/api, https://docs.gitlab.com/api/graphql/reference/#mergerequest. Of notes only
those that GitLab writes itself are asked for, and not their texts.
"""

# With --paginate $endCursor is filled in while hasNextPage. What is nested has one page.
QUERY = """\
query($fullPath: ID!, $endCursor: String) {
  project(fullPath: $fullPath) {
    mergeRequests(first: 20, after: $endCursor, sort: UPDATED_DESC) {
      pageInfo { hasNextPage endCursor }
      nodes {
        id iid webUrl state createdAt updatedAt mergedAt closedAt description
        sourceBranch targetBranch sourceProjectId targetProjectId
        author { username bot }
        labels(first: 100) { nodes { title } }
        diffStatsSummary { additions deletions fileCount }
        mergeCommitSha commitCount
        commits(first: 100) { nodes { sha } }
        notes(filter: ONLY_ACTIVITY, first: 100) {
          nodes { createdAt author { username bot } systemNoteMetadata { action } }
        }
        headPipeline { jobs(first: 100) { nodes { status allowFailure retried } } }
      }
    }
  }
}
"""

COMMANDS = """\
  glab api graphql --paginate -f fullPath=GROUP/PROJECT \\
    -f query="$(aa-pipeline ingest gitlab --print-query)" > merges.json"""
