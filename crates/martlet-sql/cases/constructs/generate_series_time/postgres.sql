select g.at from generate_series(timestamptz '2024-02-28', timestamptz '2024-03-02', interval '12 hours') as g(at) order by g.at;
