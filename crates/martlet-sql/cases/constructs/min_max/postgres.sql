select min(small) as a, max(small) as b, min(name) as c, max(name) as d, min(day) as e, max(day) as f, min(at) as g, max(amount) as h, max(big) as i from things;
