//! `Accept-Encoding` (RFC 9110, section 12.5.3): which coding an answer gets.

use crate::refusal;
use hyper::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use martlet_core::Error;

/// Bytes from which an answer is worth compressing: below, it fits into one packet either way.
pub(crate) const COMPRESSED_SIZE_MIN: usize = 1024;

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    Identity,
    Zstd,
    Brotli,
    Gzip,
}

impl Coding {
    /// Those that compress, the one that costs least processor time first.
    pub(crate) const COMPRESSING: [Self; 3] = [Self::Zstd, Self::Brotli, Self::Gzip];

    /// As `Content-Encoding` has it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// `Content-Encoding`; none where nothing was done.
    pub(crate) const fn header(self) -> Option<HeaderValue> {
        match self {
            Self::Identity => None,
            coding => Some(HeaderValue::from_static(coding.name())),
        }
    }
}

/// What a request takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// Those that compress, the best liked first; none that is liked less than the bytes as they are.
    compressing: [Option<Coding>; 3],
    takes_identity: bool,
}

impl Accepted {
    /// Reads `Accept-Encoding`. Errors: 406 where nothing that is made here is taken.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Error> {
        if !headers.contains_key(ACCEPT_ENCODING) {
            return Ok(Self { compressing: [None; 3], takes_identity: true });
        }
        let mut weights = Weights::default();
        let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).for_each(|item| weights.note(item));
        let accepted = weights.accepted();
        if accepted.compressing[0].is_none() && !accepted.takes_identity {
            return Err(refusal::no_coding());
        }
        Ok(accepted)
    }

    /// The coding of an answer of so many bytes.
    pub(crate) fn choose(self, size: usize) -> Coding {
        match self.compressing[0] {
            Some(coding) if size >= COMPRESSED_SIZE_MIN || !self.takes_identity => coding,
            Some(_) | None => Coding::Identity,
        }
    }

    /// Those that compress, the best liked first.
    pub(crate) fn compressing(self) -> impl Iterator<Item = Coding> {
        self.compressing.into_iter().flatten()
    }

    /// Whether a body that compressing has made longer may go out as it was.
    pub(crate) fn takes_identity(self) -> bool {
        self.takes_identity
    }
}

/// Weights in thousandths; none where a coding was not named.
#[derive(Debug, Default)]
struct Weights {
    compressing: [Option<u16>; 3],
    identity: Option<u16>,
    others: Option<u16>,
}

impl Weights {
    fn note(&mut self, item: &str) {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        // A weight that cannot be read promises nothing.
        let Some(weight) = weight(parameters) else { return };
        let name = name.trim();
        let is = |coding: &str| name.eq_ignore_ascii_case(coding);
        let place = match name {
            "*" => &mut self.others,
            _ if is("identity") => &mut self.identity,
            _ if is("x-gzip") => &mut self.compressing[2],
            _ => match Coding::COMPRESSING.iter().position(|coding| is(coding.name())) {
                Some(index) => &mut self.compressing[index],
                None => return,
            },
        };
        *place = Some(place.map_or(weight, |before| before.max(weight)));
    }

    fn accepted(&self) -> Accepted {
        // Not named the bytes as they are are taken, but never liked better.
        let takes_identity = self.identity.or(self.others) != Some(0);
        let weight_min = self.identity.unwrap_or(0).max(1);
        let mut liked = Coding::COMPRESSING.map(Some);
        let weights = self.compressing.map(|named| named.or(self.others).unwrap_or(0));
        let weight =
            |coding: Coding| Coding::COMPRESSING.iter().position(|it| *it == coding).map_or(0, |at| weights[at]);
        // Stable: of equals the one that costs least comes first.
        liked.sort_by_key(|coding| std::cmp::Reverse(coding.map(weight)));
        let compressing = liked.map(|coding| coding.filter(|coding| weight(*coding) >= weight_min));
        Accepted { compressing, takes_identity }
    }
}

/// `q=0.5` in thousandths; 1000 where there is none.
pub(crate) fn weight(parameters: &str) -> Option<u16> {
    let given = parameters.split(';').map(str::trim).find_map(|parameter| {
        parameter.get(..2).filter(|name| name.eq_ignore_ascii_case("q=")).map(|name| &parameter[name.len()..])
    });
    let Some(given) = given else { return Some(1000) };
    let (whole, decimals) = given.split_once('.').unwrap_or((given, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let thousandths = decimals.bytes().chain(*b"000").take(3).fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(value: &str) -> Result<Accepted, Option<u16>> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_str(value).unwrap());
        Accepted::of(&headers).map_err(|error| error.status)
    }

    fn chosen(value: &str) -> (Coding, Coding) {
        let accepted = accepted(value).unwrap();
        (accepted.choose(COMPRESSED_SIZE_MIN), accepted.choose(COMPRESSED_SIZE_MIN - 1))
    }

    #[test]
    fn weights_choose_the_coding() {
        use Coding::{Brotli, Gzip, Identity, Zstd};
        for (value, large, small) in [
            ("gzip, deflate, br, zstd", Zstd, Identity),
            ("gzip, deflate, br", Brotli, Identity),
            ("GZIP;q=0.5", Gzip, Identity),
            ("x-gzip", Gzip, Identity),
            ("br;q=0.9, gzip;q=1.0, zstd;q=0", Gzip, Identity),
            ("*", Zstd, Identity),
            ("zstd;q=0, *;q=0.1", Brotli, Identity),
            ("", Identity, Identity),
            ("deflate", Identity, Identity),
            ("identity;q=1, br;q=0.5", Identity, Identity),
            ("br;q=0.5, identity;q=0.5", Brotli, Identity),
            ("gzip;q=0", Identity, Identity),
            ("gzip;q=0.0000", Identity, Identity),
            ("gzip;q=2, br;q=x, zstd;q=", Identity, Identity),
            ("identity;q=0, gzip", Gzip, Gzip),
            ("br, *;q=0", Brotli, Brotli),
            ("gzip;q=0, gzip", Gzip, Identity),
            (" br ; Q=0.4 , ,gzip;x=1;q=0.3", Brotli, Identity),
        ] {
            assert_eq!(chosen(value), (large, small), "{value}");
        }
    }

    #[test]
    fn what_nobody_takes_is_406() {
        for value in ["identity;q=0", "*;q=0", "deflate, *;q=0", "identity;q=0, gzip;q=0"] {
            assert_eq!(accepted(value), Err(Some(406)), "{value}");
        }
        assert_eq!(Accepted::of(&HeaderMap::new()).unwrap().choose(1 << 20), Coding::Identity);
    }
}
