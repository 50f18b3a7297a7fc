-- The runs of a tenant that are not over are counted against a limit. Runs as gw_owner.
create index runs_open on runs (tenant_id) where finished_at is null;
