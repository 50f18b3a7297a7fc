-- A new task and a move are judged where the rows are, so that each is one flush with its event; and the log gets cheaper to write. Runs as gw_owner.

set local check_function_bodies = off; -- a body in SQL is planned when it is made, and under forced row security its maker may not even plan

/* Ranks are fractions in base 62, as modules/tasks/ranks.ts has them: the value of a digit. */
create function rank_digit(letter int) returns int language sql immutable parallel safe return letter - case when letter < 58 then 48 when letter < 91 then 55 else 61 end;
/* A number as so many digits of a rank; never ends in 0. */
create function rank_text(n bigint, length int) returns text language plpgsql immutable parallel safe as $$
declare digits constant text := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'; rest bigint := case when n % 62 = 0 then n + 1 else n end; rank text := '';
begin
  for i in 1..length loop
    rank := substr(digits, (rest % 62)::int + 1, 1) || rank;
    rest := rest / 62;
  end loop;
  return rank;
end $$;
/* A rank so many steps away from another, by its first eight digits. @return null where the column's end is reached */
create function rank_beside(rank text, step bigint) returns text language plpgsql immutable parallel safe as $$
declare letters constant bytea := convert_to(rpad(rank, 8, '0'), 'UTF8'); n bigint :=
    rank_digit(get_byte(letters, 0)) * 3521614606208::bigint
    + rank_digit(get_byte(letters, 1)) * 56800235584::bigint
    + rank_digit(get_byte(letters, 2)) * 916132832::bigint
    + rank_digit(get_byte(letters, 3)) * 14776336::bigint
    + rank_digit(get_byte(letters, 4)) * 238328::bigint
    + rank_digit(get_byte(letters, 5)) * 3844::bigint
    + rank_digit(get_byte(letters, 6)) * 62::bigint
    + rank_digit(get_byte(letters, 7)) * 1::bigint + step;
begin
  if n % 62 = 0 then n := n + 1; end if;
  return case when n > 0 and n < 218340105584895 then substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', (n / 3521614606208 % 62)::int + 1, 1)
    || substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', (n / 56800235584 % 62)::int + 1, 1)
    || substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', (n / 916132832 % 62)::int + 1, 1)
    || substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', (n / 14776336 % 62)::int + 1, 1)
    || substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', (n / 238328 % 62)::int + 1, 1)
    || substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', (n / 3844 % 62)::int + 1, 1)
    || substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', (n / 62 % 62)::int + 1, 1)
    || substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', (n / 1 % 62)::int + 1, 1) end;
end $$;
/* A rank between two others, null being an end of the column: what rankBetween of ranks.ts gives. @return null where that needs wider numbers, or there is no room */
create function rank_between(below text, above text) returns text language plpgsql volatile as $$
declare
  whole constant bigint := 218340105584896; slack constant int := 15376; longest constant int := 40;
  step constant bigint := 1 + floor(random() * 14776335)::bigint; -- an append's: 62 ^ 4 at most
  low bigint := 0; high bigint := 0; shared int := 0; a int; b int; belows bytea; aboves bytea;
begin
  if below is null or above is null then
    return case when below is not null then rank_beside(below, 1 + step) when above is not null then rank_beside(above, -1 - step) else rank_text(whole / 2 + step, 8) end;
  end if;
  belows := convert_to(rpad(below, longest, '0'), 'UTF8');
  aboves := convert_to(rpad(above, longest, '0'), 'UTF8');
  for i in 1..longest loop
    a := rank_digit(get_byte(belows, i - 1));
    b := rank_digit(get_byte(aboves, i - 1));
    if shared = i - 1 and a = b then
      shared := i; -- what both begin with stays
    else
      low := low * 62 + a;
      high := high * 62 + b;
      if i >= 8 and high - low >= slack then
        return substr(rpad(below, longest, '0'), 1, shared) || rank_text(low + (high - low) * 2 / 5 + floor(random() * ((high - low) / 5))::bigint, i - shared);
      end if;
      if i - shared = 10 then return null; end if; -- 62 ^ 10 is what a bigint holds
    end if;
  end loop;
  return null;
end $$;

/* What a project tells whoever may write in it: the rule of modules/projects/roles.ts, as far as it says yes. Nobody else gets a row. */
create function writable_board(project uuid, manages boolean, writes boolean, person uuid) returns table (key text, columns jsonb, wip text) language sql stable as $$
  select p.key, p.columns, p.wip from projects p
  where p.id = project and p.deleted_at is null and p.status = 'active' and (manages or (writes
    and coalesce((select m.role from project_members m where m.project_id = p.id and m.user_id = person), case p.visibility when 'open' then 'editor' end) in ('editor', 'manager')))
$$;
create function board_column(columns jsonb, id text) returns jsonb language sql immutable as $$
  select jsonb_path_query_first(columns, '$[*] ? (@.id == $id)', jsonb_build_object('id', id))
$$;
/* Whether one more comes over the limit that the column has. Where the project blocks, those who put a task into a limited column take turns. @return null: it is full */
create function over_limit(project uuid, col jsonb, wip text, but uuid) returns boolean language plpgsql volatile as $$
declare most constant int := col ->> 'wipLimit'; taken int;
begin
  if wip = 'block' then perform pg_advisory_xact_lock(hashtextextended(project || ' ' || (col ->> 'id'), 1)); end if;
  select count(*) into taken from tasks o where o.project_id = project and o.status = col ->> 'id' and o.deleted_at is null and o.id is distinct from but;
  return case when taken < most then false when wip = 'warn' then true end;
end $$;

/* Writes a new task at the end of its column. Gives what only the database knows of it, and `told`, what its event says beside what is known before.
   No row, and nothing written: it is refused, or it takes longer words to judge; modules/tasks/service.ts then does that and says why. */
create function create_task(task uuid, project uuid, manages boolean, writes boolean, person uuid, title text, description text, to_status text, priority text, labels text[], fields jsonb, due_at timestamptz, created_by uuid)
returns table (key text, number int, status text, "position" text, created_at timestamptz, exceeds boolean, told jsonb) language plpgsql volatile as $$
#variable_conflict use_variable
declare board record; col jsonb;
begin
  perform pg_advisory_xact_lock_shared(hashtextextended(project::text, 0)); -- no column goes while a task comes
  select * into board from writable_board(project, manages, writes, person);
  key := board.key;
  col := case when to_status is null then board.columns -> 0 else board_column(board.columns, to_status) end;
  if col is null then return; end if;
  status := col ->> 'id';
  exceeds := case when col ->> 'wipLimit' is null then false else over_limit(project, col, board.wip, null) end;
  position := rank_between((select o.position from tasks o where o.project_id = project and o.status = col ->> 'id' and o.deleted_at is null order by o.position desc, o.id desc limit 1), null);
  if exceeds is null or position is null then return; end if;
  update project_counters c set last = c.last + 1 where c.project_id = project returning c.last into number;
  insert into tasks as t (id, project_id, number, title, description, status, position, priority, labels, fields, due_at, created_by)
    values (task, project, number, title, description, status, position, priority, labels, fields, due_at, created_by) returning t.created_at into created_at;
  told := jsonb_build_object('ref', key || '-' || number, 'status', col -> 'id', 'category', col -> 'category', 'position', position);
  return next;
end $$;

/* Moves a task to a column and a place in it, as create_task writes one. `exceeds` is null within a column. */
create function move_task(task uuid, version int, manages boolean, writes boolean, person uuid, status text, before uuid, after uuid)
returns table (task_row tasks, key text, exceeds boolean, told jsonb) language plpgsql volatile as $$
declare t tasks; board record; col jsonb; target text; below text collate "C"; above text collate "C"; neighbour record; rank text;
begin
  select x.* into t from tasks x where x.id = task and x.deleted_at is null for update;
  if t.id is null or t.version <> move_task.version then return; end if;
  perform pg_advisory_xact_lock_shared(hashtextextended(t.project_id::text, 0));
  select * into board from writable_board(t.project_id, manages, writes, person);
  target := coalesce(move_task.status, t.status);
  col := board_column(board.columns, target);
  if col is null then return; end if;
  if target <> t.status then
    exceeds := case when col ->> 'wipLimit' is null then false else over_limit(t.project_id, col, board.wip, task) end;
    if exceeds is null then return; end if;
  end if;
  -- the neighbours asked for; one that left the column meanwhile is passed over
  if after is not null then
    select o.id, case when o.status = target and o.deleted_at is null then o.position end as position into neighbour from tasks o where o.id = after and o.id <> task and o.project_id = t.project_id;
    if neighbour.id is null then return; end if;
    below := neighbour.position;
    if below is not null and before is null then
      above := (select o.position from tasks o where o.project_id = t.project_id and o.status = target and o.deleted_at is null and o.id <> task and (o.position, o.id) > (below, after) order by o.position, o.id limit 1);
    end if;
  end if;
  if before is not null then
    select o.id, case when o.status = target and o.deleted_at is null then o.position end as position into neighbour from tasks o where o.id = before and o.id <> task and o.project_id = t.project_id;
    if neighbour.id is null then return; end if;
    if neighbour.position is not null then
      above := neighbour.position;
      below := (select o.position from tasks o where o.project_id = t.project_id and o.status = target and o.deleted_at is null and o.id <> task and (o.position, o.id) < (above, before) order by o.position desc, o.id desc limit 1);
    elsif below is not null then
      above := (select o.position from tasks o where o.project_id = t.project_id and o.status = target and o.deleted_at is null and o.id <> task and (o.position, o.id) > (below, after) order by o.position, o.id limit 1);
    end if;
  end if;
  if target = t.status and ((below is null and above is null) or ((below is null or below < t.position) and (above is null or t.position < above))) then return; end if; -- it stands there
  if below is null and above is null then
    below := (select o.position from tasks o where o.project_id = t.project_id and o.status = target and o.deleted_at is null and o.id <> task order by o.position desc, o.id desc limit 1);
  end if;
  rank := rank_between(below, above);
  if rank is null then return; end if;
  told := jsonb_build_object('projectId', t.project_id, 'from', t.status, 'to', target, 'fromCategory', board_column(board.columns, t.status) -> 'category', 'toCategory', col -> 'category',
    'fromPosition', t.position, 'position', rank);
  update tasks x set status = target, position = rank where x.id = task returning x.* into task_row;
  key := board.key;
  return next;
end $$;
do $$ declare f regprocedure; begin
  for f in select p.oid from pg_proc p where p.pronamespace = 'public'::regnamespace
      and p.proname in ('rank_digit', 'rank_text', 'rank_beside', 'rank_between', 'writable_board', 'board_column', 'over_limit', 'create_task', 'move_task') loop
    execute format('revoke execute on function %s from public', f);
    execute format('grant execute on function %s to gw_app, gw_system', f);
  end loop;
end $$;
