create table "group" ("order" integer primary key, "My Column" text not null, "values" boolean not null default true);
create index "index" on "group" ("My Column") where "values";
