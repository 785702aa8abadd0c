select g."order", g."My Column" as "Select", "where"."order" as "from"
  from "group" g
  join "group" as "where" on "where"."order" = g."order" + 1
 order by g."order";
