create or replace function public.handle_new_user() returns trigger language plpgsql as $$
begin
  insert into public.users (id) values (new.id);
  return new;
end $$;
create trigger on_auth_user_created after insert on auth.users for each row execute function public.handle_new_user();
create function set_updated_at() returns trigger as $$ begin new.updated_at = now(); return new; end $$ language plpgsql;
create trigger t before update on x for each row execute function set_updated_at();
create function add(a int, b int) returns int as $$ select a + b $$ language sql;
