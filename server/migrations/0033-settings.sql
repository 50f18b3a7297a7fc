-- A tenant's settings have a version like every thing that is changed (S0.23).
alter table tenant_settings add version int not null default 1;
drop trigger touch on tenant_settings;
create trigger touch before insert or update on tenant_settings for each row execute function touch_version();
