update shops set rank = 2, kind = $1::text where id = 1;
-- $1 is :kind
