-- Tasks, what people say about them, who watches them, and what finds them. Runs as gw_owner.
create table tasks (
  tenant_id uuid not null, id uuid not null, project_id uuid not null, number int not null, title text not null, description text,
  status text not null, -- a column's id
  position text collate "C" not null, -- a rank: bytes decide
  assignee_id uuid, priority text not null default 'none' check (priority in ('none', 'low', 'medium', 'high', 'urgent')),
  labels text[] not null default '{}', fields jsonb not null default '{}', due_at timestamptz, parent_id uuid, created_by uuid, deleted_at timestamptz,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id), foreign key (tenant_id, project_id) references projects on delete cascade,
  foreign key (tenant_id, parent_id) references tasks on delete cascade
);
create unique index tasks_number on tasks (tenant_id, project_id, number);
create index tasks_board on tasks (tenant_id, project_id, status, position, id) where deleted_at is null;
create index tasks_assignee on tasks (tenant_id, assignee_id, id) where assignee_id is not null and deleted_at is null;
create index tasks_due on tasks (tenant_id, due_at, id) where due_at is not null and deleted_at is null;
create index tasks_parent on tasks (tenant_id, parent_id) where parent_id is not null;
select apply_tenancy('tasks');

create table comments (
  tenant_id uuid not null, id uuid not null, task_id uuid not null, author_id uuid, text text not null, mentions uuid[] not null default '{}',
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (tenant_id, id), foreign key (tenant_id, task_id) references tasks on delete cascade
);
create index comments_task on comments (tenant_id, task_id, id);
select apply_tenancy('comments');

create table watchers (
  tenant_id uuid not null, task_id uuid not null, user_id uuid not null, created_at timestamptz not null default now(),
  primary key (tenant_id, task_id, user_id), foreign key (tenant_id, task_id) references tasks on delete cascade,
  foreign key (tenant_id, user_id) references identity."member" ("organizationId", "userId") on delete cascade
);
create index watchers_user on watchers (tenant_id, user_id);
select apply_tenancy('watchers');

-- What search, labels and fields are found by, apart from the tasks: a move must not pay for it. One index, so that a write pays once.
create table task_search (
  tenant_id uuid not null, task_id uuid not null, project_id uuid not null, title text not null, document tsvector not null, labels text[] not null, fields jsonb not null,
  primary key (tenant_id, task_id), foreign key (tenant_id, task_id) references tasks on delete cascade
);
create index task_search_found on task_search using gin (tenant_id, document, title gin_trgm_ops, labels, fields jsonb_path_ops) with (gin_pending_list_limit = 512);
select apply_tenancy('task_search');
comment on table task_search is 'no events: follows from its task';

create function keep_task_search() returns trigger language plpgsql as $$
begin
  if new.deleted_at is not null then
    delete from task_search where task_id = new.id;
  else
    insert into task_search (tenant_id, task_id, project_id, title, document, labels, fields)
    values (new.tenant_id, new.id, new.project_id, new.title,
      setweight(to_tsvector('simple', new.title), 'A') || setweight(to_tsvector('simple', left(coalesce(new.description, ''), 100000)), 'B'), new.labels, new.fields)
    on conflict (tenant_id, task_id) do update set title = excluded.title, document = excluded.document, labels = excluded.labels, fields = excluded.fields;
  end if;
  return null;
end $$;
create trigger keep_search_new after insert on tasks for each row execute function keep_task_search();
create trigger keep_search after update on tasks for each row
  when ((old.title, old.description, old.labels, old.fields, old.deleted_at) is distinct from (new.title, new.description, new.labels, new.fields, new.deleted_at))
  execute function keep_task_search();

-- Under row security an operator that is not leakproof never uses an index: the two functions below run as their owner and name the tenant
-- themselves. They answer ids only; what of them is shown, the caller's own query decides under row security.
create policy search on task_search for select to gw_owner using (true);
create policy search on project_keys for select to gw_owner using (true);
create policy search on tasks for select to gw_owner using (true);

/* Words, prefixes of the last word, parts of the title, misspelt words of it if `loose`, and refs: best first, below a place in that order. */
create function search_tasks(asked text, projects uuid[], below real, below_id uuid, most int, loose boolean default true) returns table (id uuid, score real)
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  tenant constant uuid := current_setting('app.tenant')::uuid;
  words constant text[] := array_remove(regexp_split_to_array(left(asked, 200), '[''\\&|!():*<>[:space:]-]+'), '');
  query constant tsquery := case when words <> '{}' then to_tsquery('simple', '''' || array_to_string(words, ''' & ''') || ''':*') end;
  pattern constant text := case when length(asked) >= 3 then '%' || replace(replace(replace(left(asked, 200), '\', '\\'), '%', '\%'), '_', '\_') || '%' end;
  ref constant text[] := regexp_match(upper(trim(asked)), '^([A-Z][A-Z0-9]{1,9})-([0-9]{1,9})$');
begin
  return query
  with found as (
    select s.task_id as of, s.title, ts_rank(s.document, query) as words_score from task_search s
      where s.tenant_id = tenant and s.document @@ query and s.project_id = any (projects)
    union all
    select s.task_id, s.title, 0 from task_search s
      where pattern is not null and s.tenant_id = tenant and (s.title ilike pattern or (loose and asked <% s.title)) and s.project_id = any (projects)
    union all
    select t.id, t.title, 10 from project_keys k join tasks t on t.tenant_id = tenant and t.project_id = k.project_id and t.number = ref[2]::int
      where ref is not null and k.tenant_id = tenant and k.key = ref[1] and t.deleted_at is null and t.project_id = any (projects)
  ), scored as (
    select f.of, (max(f.words_score) + word_similarity(left(asked, 200), max(f.title)))::real as points from found f group by f.of
  )
  select s.of, s.points from scored s where (s.points, s.of) < (below, below_id) order by s.points desc, s.of desc limit most;
end $$;

/* Tasks with all these labels and these values. */
create function tagged_tasks(wanted_labels text[], wanted_fields jsonb) returns setof uuid
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
declare tenant constant uuid := current_setting('app.tenant')::uuid;
begin
  return query select s.task_id from task_search s
    where s.tenant_id = tenant and (wanted_labels is null or s.labels @> wanted_labels) and (wanted_fields is null or s.fields @> wanted_fields);
end $$;
revoke execute on function search_tasks(text, uuid[], real, uuid, int, boolean), tagged_tasks(text[], jsonb) from public;
grant execute on function search_tasks(text, uuid[], real, uuid, int, boolean), tagged_tasks(text[], jsonb) to gw_app;
