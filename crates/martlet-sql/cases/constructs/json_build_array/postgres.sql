select json_build_array(id, name, is_on, amount, null, json_build_object()) as a, jsonb_build_array() as b from things order by id;
