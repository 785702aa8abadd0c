-- @allow user
insert into log (at_text) values ('x')
