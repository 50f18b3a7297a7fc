-- Runs of a tenant that has workflows switched off wait as paused ones do; the mark says which of them go on by themselves when it is switched on again.
alter table runs add held boolean not null default false;
comment on column runs.held is 'paused because workflows are off for its tenant, not by anybody''s wish';
