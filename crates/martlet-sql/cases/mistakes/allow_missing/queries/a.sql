-- Nobody is named.
select 1 as x
