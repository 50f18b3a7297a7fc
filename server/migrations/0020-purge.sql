-- What was deleted is found by when, to go for good some day (modules/tasks/purge.ts). Runs as gw_owner.
create index tasks_deleted on tasks (tenant_id, deleted_at) where deleted_at is not null;
create index projects_deleted on projects (tenant_id, deleted_at) where deleted_at is not null;
