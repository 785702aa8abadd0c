-- @allow user
select a b c from t
