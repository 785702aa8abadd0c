select v.id, v.shout, p.label from lit_things v left join parts p on p.thing_id = v.id order by v.id, p.id;
