-- @allow user
selec 1
