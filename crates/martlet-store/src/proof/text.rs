//! The compiler's SQL for SQLite, read again: which alias is which table, and what its SELECT says.
//!
//! The text is our own and has one form: names in double quotes, keywords in capitals, every alias once in a
//! statement. So this needs no parser; what it does not recognise is left out, and then proves nothing.

use std::collections::BTreeMap;

/// A token of the compiler's SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// `"name"`, without its quotes.
    Name(String),
    /// `'text'`, without its quotes.
    Text(String),
    /// A keyword, a function, a number, a placeholder.
    Word(String),
    /// Anything else: operators of up to three characters.
    Sign(String),
}

/// What one SELECT, UPDATE or DELETE says, subqueries left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) has_where: bool,
    pub(super) has_limit: bool,
    /// What follows OFFSET.
    pub(super) offset: Option<Token>,
    /// `EXISTS (SELECT ...)`: the first row ends it.
    pub(super) is_exists: bool,
    /// GROUP BY, DISTINCT, an aggregate, a window or a set operation: every row is read before the first is given.
    pub(super) reads_all: bool,
    /// Columns of ORDER BY as alias, column, descending; none where one is an expression.
    pub(super) order: Option<Vec<(String, String, bool)>>,
}

/// A condition on a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) alias: String,
    pub(super) column: String,
    pub(super) form: Form,
    /// Whether the other side is a column too.
    pub(super) is_join: bool,
}

/// How a condition uses its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// `=`, `IN`, `IS`.
    Equal,
    /// `>`, `>=`.
    Above,
    /// `<`, `<=`.
    Below,
    /// Inside a function's parentheses: the function's name.
    Inside(String),
}

/// A statement, read.
#[derive(Debug, Clone, Default)]
pub(super) struct Text {
    pub(super) scopes: Vec<Scope>,
    /// Table and scope of each alias.
    pub(super) aliases: BTreeMap<String, (String, usize)>,
    pub(super) conditions: Vec<Condition>,
}

impl Text {
    pub(super) fn read(sql: &str) -> Self {
        Reader::new(tokens(sql)).read()
    }

    /// The scope in which an alias stands.
    pub(super) fn scope_of(&self, alias: &str) -> Option<&Scope> {
        self.aliases.get(alias).and_then(|(_, scope)| self.scopes.get(*scope))
    }
}

/// Functions in front of a parenthesis that make one value of all rows.
fn is_aggregate(word: &str) -> bool {
    const NAMES: &[&str] = &["count", "sum", "avg", "min", "max", "sum_int8", "avg_int8", "sum_float8", "avg_float8"];
    NAMES.contains(&word) || word.contains("_agg") || word == "single_value"
}

struct Reader {
    tokens: Vec<Token>,
    text: Text,
    /// Open parentheses: the scope inside, and the function in front if the parenthesis is a call's.
    open: Vec<Open>,
    order: Option<OrderTerms>,
    in_conditions: bool,
    /// For each scope, what it gives: the tokens of SELECT's list.
    items: BTreeMap<usize, Vec<Vec<Token>>>,
}

struct Open {
    scope: usize,
    is_scope: bool,
    call: Option<String>,
    kept_conditions: bool,
}

struct OrderTerms {
    scope: usize,
    depth: usize,
    start: usize,
}

impl Reader {
    fn new(tokens: Vec<Token>) -> Self {
        let text = Text { scopes: vec![Scope::default()], ..Text::default() };
        let whole = Open { scope: 0, is_scope: true, call: None, kept_conditions: false };
        Self { tokens, text, open: vec![whole], order: None, in_conditions: false, items: BTreeMap::new() }
    }

    fn read(mut self) -> Text {
        for at in 0..self.tokens.len() {
            match self.tokens[at].clone() {
                Token::Sign(sign) if sign == "(" => self.open(at),
                Token::Sign(sign) if sign == ")" => self.close(at),
                Token::Word(word) => self.word(at, &word),
                Token::Name(alias) => self.name(at, &alias),
                _ => {}
            }
        }
        self.end_order(self.tokens.len());
        self.text
    }

    fn is_word(&self, at: usize, wanted: &str) -> bool {
        matches!(self.tokens.get(at), Some(Token::Word(word)) if word == wanted)
    }

    fn is_sign(&self, at: usize, wanted: &str) -> bool {
        matches!(self.tokens.get(at), Some(Token::Sign(sign)) if sign == wanted)
    }

    fn name_at(&self, at: usize) -> Option<&String> {
        match self.tokens.get(at) {
            Some(Token::Name(name)) => Some(name),
            _ => None,
        }
    }

    fn top(&self) -> &Open {
        self.open.last().expect("the whole statement is never closed")
    }

    fn scope(&mut self) -> &mut Scope {
        let scope = self.top().scope;
        &mut self.text.scopes[scope]
    }

    fn open(&mut self, at: usize) {
        let before = at.checked_sub(1).and_then(|before| self.tokens.get(before));
        let is_scope = ["SELECT", "WITH", "VALUES"].iter().any(|word| self.is_word(at + 1, word));
        let kept_conditions = self.in_conditions;
        let (scope, call) = if is_scope {
            let is_exists = matches!(before, Some(Token::Word(word)) if word == "EXISTS");
            self.text.scopes.push(Scope { is_exists, ..Scope::default() });
            self.in_conditions = false;
            (self.text.scopes.len() - 1, None)
        } else {
            let call = match before {
                Some(Token::Word(word)) if is_function(word) => Some(word.clone()),
                _ => None,
            };
            (self.top().scope, call)
        };
        self.open.push(Open { scope, is_scope, call, kept_conditions });
    }

    fn close(&mut self, at: usize) {
        self.end_order(at);
        if self.open.len() > 1 {
            let closed = self.open.pop().expect("there is more than one");
            self.in_conditions = closed.kept_conditions;
        }
    }

    fn word(&mut self, at: usize, word: &str) {
        let is_here = self.top().is_scope;
        if is_aggregate(word) && self.is_sign(at + 1, "(") {
            self.scope().reads_all = true;
        }
        match word {
            "SELECT" if is_here => self.items_from(at + 1),
            "OVER" => self.scope().reads_all = true,
            "FROM" | "JOIN" | "UPDATE" | "INTO" => {
                self.in_conditions = false;
                self.relation(at + 1);
            }
            "ON" => self.in_conditions = true,
            "WHERE" if is_here => {
                self.scope().has_where = true;
                self.in_conditions = true;
            }
            "GROUP" | "DISTINCT" | "UNION" | "INTERSECT" | "EXCEPT" if is_here => {
                self.in_conditions = false;
                self.scope().reads_all = true;
            }
            "ORDER" if is_here => {
                self.in_conditions = false;
                self.order = Some(OrderTerms { scope: self.top().scope, depth: self.open.len(), start: at + 2 });
            }
            "LIMIT" if is_here => {
                self.end_order(at);
                self.in_conditions = false;
                self.scope().has_limit = true;
            }
            "OFFSET" if is_here => {
                self.end_order(at);
                // A parameter stands inside the function that checks it.
                let is_call = self.is_sign(at + 2, "(");
                let offset = self.tokens.get(if is_call { at + 3 } else { at + 1 }).cloned();
                self.scope().offset = offset;
            }
            "RETURNING" | "SET" if is_here => {
                self.end_order(at);
                self.in_conditions = false;
            }
            _ => {}
        }
    }

    /// The list of a SELECT, split at its commas.
    fn items_from(&mut self, start: usize) {
        let mut depth = 0_usize;
        let mut items = vec![Vec::new()];
        for token in &self.tokens[start..] {
            match token {
                Token::Sign(sign) if sign == "(" => depth += 1,
                Token::Sign(sign) if sign == ")" && depth == 0 => break,
                Token::Sign(sign) if sign == ")" => depth -= 1,
                Token::Word(word) if word == "FROM" && depth == 0 => break,
                Token::Sign(sign) if sign == "," && depth == 0 => {
                    items.push(Vec::new());
                    continue;
                }
                _ => {}
            }
            items.last_mut().expect("there is always one").push(token.clone());
        }
        let scope = self.top().scope;
        self.items.insert(scope, items);
    }

    /// `"table" AS "alias"` or `"table"`, perhaps behind the parentheses of a nested join.
    fn relation(&mut self, mut at: usize) {
        while self.is_sign(at, "(") && !self.is_word(at + 1, "SELECT") {
            at += 1;
        }
        let Some(table) = self.name_at(at).cloned() else { return };
        let alias = if self.is_word(at + 1, "AS") { self.name_at(at + 2).cloned() } else { None };
        let scope = self.top().scope;
        self.text.aliases.insert(alias.unwrap_or_else(|| table.clone()), (table, scope));
    }

    /// A column in a condition.
    fn name(&mut self, at: usize, alias: &str) {
        if !self.in_conditions || !self.is_sign(at + 1, ".") {
            return;
        }
        let Some(column) = self.name_at(at + 2).cloned() else { return };
        let call = self.top().call.clone();
        let form = match call {
            Some(function) => Some(Form::Inside(function)),
            None => self.compared(at),
        };
        // `"a"."x" = "b"."y"`, seen from either side.
        let is_compared =
            |at: usize| matches!(self.tokens.get(at), Some(Token::Sign(sign)) if comparison(sign).is_some());
        let is_left = is_compared(at + 3) && self.name_at(at + 4).is_some();
        let is_right = at >= 2 && is_compared(at - 1) && self.name_at(at - 2).is_some();
        let is_join = is_left || is_right;
        if let Some(form) = form {
            self.text.conditions.push(Condition { alias: alias.to_owned(), column, form, is_join });
        }
    }

    fn compared(&self, at: usize) -> Option<Form> {
        let before = at.checked_sub(1).and_then(|before| self.tokens.get(before));
        match (before, self.tokens.get(at + 3)) {
            (_, Some(Token::Word(word))) if word == "IN" || word == "IS" => Some(Form::Equal),
            (_, Some(Token::Word(word))) if word == "BETWEEN" => Some(Form::Above),
            (_, Some(Token::Word(word))) if word == "LIKE" => Some(Form::Inside("like".to_owned())),
            (_, Some(Token::Sign(sign))) if comparison(sign).is_some() => comparison(sign),
            (Some(Token::Sign(sign)), next) if !matches!(next, Some(Token::Sign(sign)) if sign != ")") => {
                comparison(sign).map(|form| match form {
                    Form::Above => Form::Below,
                    Form::Below => Form::Above,
                    other => other,
                })
            }
            _ => None,
        }
    }

    /// ORDER BY ends here.
    fn end_order(&mut self, end: usize) {
        if self.order.as_ref().is_none_or(|order| order.depth != self.open.len()) {
            return;
        }
        let Some(order) = self.order.take() else { return };
        let items = self.items.get(&order.scope).map_or(&[][..], Vec::as_slice);
        let range = order.start.min(end)..end;
        let terms = self.tokens[range].split(|token| *token == Token::Sign(",".into()));
        let terms: Option<Vec<_>> = terms.map(|term| order_term(term, items)).collect();
        self.text.scopes[order.scope].order = terms;
    }
}

/// A column, or the number of an item of the list that is one.
fn order_term(tokens: &[Token], items: &[Vec<Token>]) -> Option<(String, String, bool)> {
    if let [Token::Word(number), rest @ ..] = tokens {
        let item = items.get(number.parse::<usize>().ok()?.checked_sub(1)?)?;
        let column = item.get(..3)?;
        let is_column = item.len() == 3 || item.get(3) == Some(&Token::Word("AS".into()));
        return order_term(&[column, rest].concat(), &[]).filter(|_| is_column);
    }
    let [Token::Name(alias), Token::Sign(dot), Token::Name(column), rest @ ..] = tokens else { return None };
    let is_descending = matches!(rest.first(), Some(Token::Word(word)) if word == "DESC");
    // NULLS FIRST or LAST, where it is written, is not the order of an index.
    let is_plain = rest.len() <= 1;
    (dot == "." && is_plain).then(|| (alias.clone(), column.clone(), is_descending))
}

fn comparison(sign: &str) -> Option<Form> {
    match sign {
        "=" => Some(Form::Equal),
        ">" | ">=" => Some(Form::Above),
        "<" | "<=" => Some(Form::Below),
        _ => None,
    }
}

/// Whether a parenthesis after this word is a call's.
fn is_function(word: &str) -> bool {
    !matches!(word, "AND" | "OR" | "NOT" | "IN" | "ON" | "WHERE" | "WHEN" | "THEN" | "ELSE" | "BETWEEN" | "IS" | "AS")
}

fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let size = match first {
            '"' | '\'' => quoted(rest, first, &mut tokens),
            _ if first.is_whitespace() => first.len_utf8(),
            _ if first.is_alphanumeric() || matches!(first, '_' | '?' | '@') => {
                let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '?' | '@');
                let size = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                tokens.push(Token::Word(rest[..size].to_owned()));
                size
            }
            _ => {
                let long = ["->>", "<=", ">=", "<>", "||", "->"].into_iter().find(|sign| rest.starts_with(sign));
                let size = long.map_or(first.len_utf8(), str::len);
                tokens.push(Token::Sign(rest[..size].to_owned()));
                size
            }
        };
        rest = &rest[size..];
    }
    tokens
}

/// A quoted token, its quotes doubled inside; its size.
fn quoted(rest: &str, quote: char, tokens: &mut Vec<Token>) -> usize {
    let bytes = rest.as_bytes();
    let mut end = 1;
    while end < bytes.len() {
        if bytes[end] == quote as u8 {
            if bytes.get(end + 1) != Some(&(quote as u8)) {
                break;
            }
            end += 1;
        }
        end += 1;
    }
    let inner = rest[1..end.min(rest.len())].replace(&format!("{quote}{quote}"), &quote.to_string());
    tokens.push(if quote == '"' { Token::Name(inner) } else { Token::Text(inner) });
    (end + 1).min(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_scopes_and_conditions_are_found() {
        let text = Text::read(
            r#"SELECT "b"."id", (SELECT count(*) FROM "payments" AS "p" WHERE "p"."booking_id" = "b"."id" AND ?1 < "p"."at")
               FROM "bookings" AS "b" JOIN "rooms" ON "rooms"."id" = "b"."room_id"
               WHERE lower("b"."name") = ?2 AND "b"."user_id" IN (1, 2)
               ORDER BY "b"."created_at" DESC, 1 LIMIT 20 OFFSET ?3;"#,
        );
        assert_eq!(text.aliases["p"], ("payments".to_owned(), 1));
        assert_eq!(text.aliases["rooms"], ("rooms".to_owned(), 0));
        let (main, inner) = (&text.scopes[0], &text.scopes[1]);
        assert!(main.has_where && main.has_limit && !main.reads_all && inner.reads_all && !inner.has_limit);
        assert_eq!(main.offset, Some(Token::Word("?3".into())));
        assert_eq!(main.order.as_ref().map(Vec::len), Some(2));
        let of_b: Vec<_> = text.conditions.iter().filter(|condition| condition.alias == "b").collect();
        assert!(of_b.iter().any(|condition| condition.form == Form::Inside("lower".into())), "{of_b:?}");
        assert!(of_b.iter().any(|condition| condition.column == "user_id" && condition.form == Form::Equal));
        let at = text.conditions.iter().find(|condition| condition.column == "at").unwrap();
        assert_eq!(at.form, Form::Above);
    }

    #[test]
    fn any_text_is_read_without_a_panic() {
        for text in ["", "(", ")", "))", "\"", "'", "ORDER", "ORDER BY", "LIMIT", "FROM (", "\"a\".", "ö\"ö"] {
            Text::read(text);
        }
    }
}
