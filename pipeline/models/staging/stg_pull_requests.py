"""Pull requests, each as it was last read."""

import ibis
from ibis import _

from pipeline.models.expressions import count_or_0, with_developer
from pipeline.models.projects import with_project


def stg_pull_requests(
    raw_pull_requests: ibis.Table,
    identities: ibis.Table,
    projects: ibis.Table,
    *,
    as_of: ibis.Value,
    window_hours: ibis.Value,
) -> ibis.Table:
    """One row per repository and number that was open at some time in the window before the run.

    Of several readings the one of the latest change counts, wherever its repository was called then. Where a
    repository that was made anew gives a number again, the request that was opened last has it.
    """
    repository = _.project_id.lower()
    known = raw_pull_requests.mutate(
        request=ibis.coalesce(_.request_id, repository + "#" + _.number.cast("string"))
    )
    # Readings of the same change differ in what was asked for, and in what has been checked since.
    order = [
        _.updated_at.desc(),
        _.commit_count.isnull(),
        _.review_count.isnull(),
        _.labels.isnull(),
        _.check_count.fill_null(-1).desc(),
        _.checks_failed.fill_null(-1).desc(),
        _.record_hash,
        _.project_id,
        _.id,
    ]
    latest = known.mutate(nth=ibis.row_number().over(group_by="request", order_by=order)).filter(_.nth == 0)
    order = [_.opened_at.desc(), _.updated_at.desc(), _.request]
    numbered = latest.mutate(
        nth=ibis.row_number().over(group_by=[latest.project_id.lower(), "number"], order_by=order)
    )
    recent = numbered.filter(_.nth == 0, _.closed_at.isnull() | (_.closed_at >= as_of - window_hours))
    told = recent.mutate(repository=repository, developer_id=_.developer_id.strip().nullif(""))
    requests = with_project(with_developer(told, identities), projects)
    return requests.select(
        repository=_.repository,
        project_id=_.project_id,
        number=_.number,
        request_id=_.request_id,
        version_id=_.version_id,
        developer_id=_.developer_id,
        is_bot=_.author_is_bot.fill_null(False),
        state=_.state,
        opened_at=_.opened_at,
        first_review_at=_.first_review_at,
        first_bot_review_at=_.first_bot_review_at,
        merged_at=_.merged_at,
        closed_at=_.closed_at,
        updated_at=_.updated_at,
        labels=_.labels,
        head_branch=_.head_branch,
        base_branch=_.base_branch,
        is_from_fork=_.is_from_fork.fill_null(False),
        additions=count_or_0(_.additions),
        deletions=count_or_0(_.deletions),
        changed_files=count_or_0(_.changed_files),
        review_count=count_or_0(_.review_count),
        review_rounds=count_or_0(_.review_rounds),
        check_count=count_or_0(_.check_count),
        checks_failed=count_or_0(_.checks_failed),
        merge_commit=_.merge_commit.lower(),
        reverts_number=_.reverts_number,
    )
