-- Times and a version on the things that the API answers and that had none: by trigger, as everywhere (S0.23).
alter table jobs add version int not null default 1;
alter table mails add version int not null default 1;
alter table impersonations add version int not null default 1;
alter table workflow_deployments add version int not null default 1;
alter table workflow_triggers add version int not null default 1;
drop trigger touch on jobs;
drop trigger touch on mails;
drop trigger touch on impersonations;
drop trigger touch on workflow_deployments;
drop trigger touch on workflow_triggers;
create trigger touch before insert or update on jobs for each row execute function touch_version();
create trigger touch before insert or update on mails for each row execute function touch_version();
create trigger touch before insert or update on impersonations for each row execute function touch_version();
create trigger touch before insert or update on workflow_deployments for each row execute function touch_version();
create trigger touch before insert or update on workflow_triggers for each row execute function touch_version();

-- "using" fills in what is known of rows that are there; an update by the owner would see none of them under forced row security.
alter table webhook_inbox add updated_at timestamptz, add version int not null default 1;
alter table webhook_inbox alter updated_at type timestamptz using created_at, alter updated_at set default now(), alter updated_at set not null;
create trigger touch before insert or update on webhook_inbox for each row execute function touch_version();
alter table readers add updated_at timestamptz, add version int not null default 1;
alter table readers alter updated_at type timestamptz using greatest(moved_at, created_at), alter updated_at set default now(), alter updated_at set not null;
create trigger touch before insert or update on readers for each row execute function touch_version();
alter table installation add updated_at timestamptz, add version int not null default 1;
alter table installation alter updated_at type timestamptz using created_at, alter updated_at set default now(), alter updated_at set not null;
create trigger touch before insert or update on installation for each row execute function touch_version();

-- A run's version is that of its workflow.
alter table runs add updated_at timestamptz;
alter table runs alter updated_at type timestamptz using greatest(created_at, started_at, finished_at), alter updated_at set default now(), alter updated_at set not null;
create trigger touch before insert or update on runs for each row execute function touch();

alter table identity."session" add version int not null default 1;
create trigger touch before update on identity."session" for each row execute function identity.touch();
