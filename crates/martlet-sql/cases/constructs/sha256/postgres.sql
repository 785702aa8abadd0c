select id, encode(sha256(convert_to(name, 'UTF8')), 'hex') as h from things order by id;
