select random() >= 0 and random() < 1 as inside;
