-- One round of the game: the bet is taken when the wallet covers it, three reels are drawn, and what they pay is given.
-- Three alike pay 12 times the bet, two alike 1.4 times.
-- @allow user
-- @param bet_cents integer 1..100000
-- @returns row

-- One draw of all three reels.
-- @name drawn
with d as (select random_int(0, 215)::integer as number),
     r as (select number % 6 as a, number / 6 % 6 as b, number / 36 as c from d)
select case r.a when 0 then 'cherry' when 1 then 'lemon' when 2 then 'bell' when 3 then 'plum' when 4 then 'star' else 'seven' end as a,
       case r.b when 0 then 'cherry' when 1 then 'lemon' when 2 then 'bell' when 3 then 'plum' when 4 then 'star' else 'seven' end as b,
       case r.c when 0 then 'cherry' when 1 then 'lemon' when 2 then 'bell' when 3 then 'plum' when 4 then 'star' else 'seven' end as c,
       case when r.a = r.b and r.b = r.c then :bet_cents * 12
            when r.a = r.b or r.b = r.c or r.a = r.c then :bet_cents * 7 / 5
            else 0
       end as payout_cents
  from r;

-- @name wallet
-- @expect row else 402 balance_too_low "The wallet does not cover this bet."
update wallets
   set balance_cents = balance_cents - :bet_cents + :drawn.payout_cents
 where user_id = (auth.jwt() ->> 'sub')::bigint and balance_cents >= :bet_cents
returning user_id, balance_cents;

-- @name round
insert into game_rounds (user_id, bet_cents, symbols, payout_cents)
values (:wallet.user_id, :bet_cents, :drawn.a || ',' || :drawn.b || ',' || :drawn.c, :drawn.payout_cents)
returning id;

-- One row for each movement of money.
insert into transactions (user_id, round_id, kind, amount_cents)
select :wallet.user_id, :round.id, m.kind, m.amount_cents
  from (values ('bet', 0 - :bet_cents), ('payout', :drawn.payout_cents)) as m(kind, amount_cents)
 where m.amount_cents <> 0;

-- @answer
select :wallet.balance_cents as balance_cents, json_build_array(:drawn.a, :drawn.b, :drawn.c) as symbols,
       :drawn.payout_cents as payout_cents
