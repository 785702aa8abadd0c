select small as n, 'small' as kind from things where small between 0 and 7
union all
select quantity, 'part' from parts where quantity < 3
union
select 7, 'small'
 order by n, kind;
