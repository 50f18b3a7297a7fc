-- Runs that Temporal drives: those it was told of and has not begun count as being at work.
create index runs_told on runs (tenant_id) where status = 'pending' and claims > 0;
comment on index runs_told is 'few rows: between the telling of a run and its beginning';
