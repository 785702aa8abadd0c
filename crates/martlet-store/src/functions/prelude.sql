create schema if not exists martlet;

-- Both ends included, cryptographically secure, unbiased: draws that would favour small results are drawn again.
create or replace function martlet.random_int(lo bigint, hi bigint) returns bigint
language plpgsql volatile strict parallel safe as $$
declare
  span numeric := hi::numeric - lo::numeric + 1;
  space constant numeric := 18446744073709551616;
  drawn bytea;
  value numeric;
begin
  if lo > hi then
    raise exception 'random_int: the lower end is above the upper end' using errcode = '22023';
  end if;
  loop
    -- gen_random_uuid() is drawn from the strong source; bytes 0 to 5 and 10 to 15 hold none of its fixed bits.
    drawn := uuid_send(gen_random_uuid());
    value := 0;
    for i in 0..5 loop
      value := value * 256 + get_byte(drawn, i);
    end loop;
    value := value * 65536 + get_byte(drawn, 10) * 256 + get_byte(drawn, 11);
    exit when value < space - mod(space, span);
  end loop;
  return (lo::numeric + mod(value, span))::bigint;
end
$$;
