use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// Feeds an answer whole, byte by byte and in every two pieces; all must agree.
fn read(text: &str, is_head: bool) -> Result<Option<(u16, String)>, Malformed> {
    let feed = |pieces: Vec<&[u8]>| {
        let mut reader = AnswerReader::new(Keep::UpTo(1 << 20));
        reader.begin(is_head);
        let mut is_whole = false;
        for piece in pieces {
            if is_whole {
                return Err(Malformed);
            }
            is_whole = reader.feed(piece)?;
        }
        Ok(is_whole.then(|| (reader.status, String::from_utf8(reader.body.clone()).unwrap())))
    };
    let bytes = text.as_bytes();
    let whole = feed(vec![bytes]);
    assert_eq!(feed(bytes.chunks(1).collect()), whole, "byte by byte: {text}");
    for at in 1..bytes.len() {
        assert_eq!(feed(vec![&bytes[..at], &bytes[at..]]), whole, "cut at {at}: {text}");
    }
    whole
}

#[test]
fn a_length_ends_the_answer() {
    assert_eq!(read(&format!("{OK}Content-Length: 5\r\n\r\nhello"), false), Ok(Some((200, "hello".into()))));
    assert_eq!(read(&format!("{OK}content-length: 0\r\n\r\n"), false), Ok(Some((200, String::new()))));
    assert_eq!(read(&format!("{OK}Content-Length: 5\r\n\r\nhell"), false), Ok(None));
}

#[test]
fn chunks_end_with_an_empty_one() {
    let head = format!("{OK}Transfer-Encoding: chunked\r\n\r\n");
    let whole = Ok(Some((200, "hello, world".to_owned())));
    assert_eq!(read(&format!("{head}5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n"), false), whole);
    assert_eq!(read(&format!("{head}05;a=b c\r\nhello\r\n7\r\n, world\r\n0\r\nExpires: x\r\n\r\n"), false), whole);
    assert_eq!(read(&format!("{head}C\r\nhello, world\r\n0\r\n"), false), Ok(None));
    for broken in ["\r\nhello", "x\r\n", "5\r\nhelloX", "fffffffffffffffff\r\n"] {
        assert_eq!(read(&format!("{head}{broken}"), false), Err(Malformed), "{broken}");
    }
}

#[test]
fn some_answers_have_no_body_whatever_they_say() {
    assert_eq!(read("HTTP/1.1 204 No Content\r\n\r\n", false), Ok(Some((204, String::new()))));
    assert_eq!(read("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", false), Ok(Some((304, String::new()))));
    assert_eq!(read(&format!("{OK}Content-Length: 9\r\n\r\n"), true), Ok(Some((200, String::new()))));
    assert_eq!(read(&format!("{OK}Transfer-Encoding: chunked\r\n\r\n"), true), Ok(Some((200, String::new()))));
}

#[test]
fn an_interim_answer_is_passed_over() {
    let text = format!("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n{OK}Content-Length: 2\r\n\r\nok");
    assert_eq!(read(&text, false), Ok(Some((200, "ok".into()))));
}

#[test]
fn without_a_length_the_end_of_the_connection_ends_it() {
    let mut reader = AnswerReader::new(Keep::UpTo(10));
    reader.begin(false);
    assert_eq!(reader.feed(format!("{OK}\r\nhello").as_bytes()), Ok(false));
    assert!(reader.is_whole_at_end());
    reader.begin(false);
    assert_eq!(reader.feed(format!("{OK}Content-Length: 5\r\n\r\nhell").as_bytes()), Ok(false));
    assert!(!reader.is_whole_at_end(), "an answer that was cut is not whole");
}

#[test]
fn what_is_no_answer_is_malformed() {
    for text in ["SSH-2.0-x\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n"] {
        assert_eq!(read(text, false), Err(Malformed), "{text}");
    }
    assert_eq!(read(&format!("{OK}Content-Length: x\r\n\r\n"), false), Err(Malformed));
    assert_eq!(read(&format!("{OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\n"), false), Err(Malformed));
    assert_eq!(read(&format!("{OK}Content-Length: 1\r\n\r\nab"), false), Err(Malformed), "more than was said");
    let endless = format!("{OK}{}", "X-Long: 1\r\n".repeat(HEAD_SIZE_MAX));
    let mut reader = AnswerReader::new(Keep::Refusals);
    reader.begin(false);
    assert_eq!(reader.feed(endless.as_bytes()), Err(Malformed));
}

#[test]
fn refusals_bodies_are_kept_up_to_a_bound_and_others_are_not() {
    let mut reader = AnswerReader::new(Keep::Refusals);
    for (status, kept) in [(200, 0), (400, REFUSAL_KEPT_MAX)] {
        reader.begin(false);
        let text = format!("HTTP/1.1 {status} x\r\nContent-Length: 9999\r\n\r\n{}", "x".repeat(9999));
        assert_eq!(reader.feed(text.as_bytes()), Ok(true));
        assert_eq!(reader.body.len(), kept);
    }
}

#[test]
fn a_server_that_closes_says_so() {
    let mut reader = AnswerReader::new(Keep::Refusals);
    for (text, is_closing) in [
        ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", true),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", false),
    ] {
        reader.begin(false);
        assert_eq!(reader.feed(text.as_bytes()), Ok(true));
        assert_eq!(reader.is_closing, is_closing, "{text}");
    }
}
