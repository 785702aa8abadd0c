create table log (
  at_text text not null
);
