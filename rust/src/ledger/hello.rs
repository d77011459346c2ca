//! What a TLS ClientHello gives away: the name the client was configured with, and what it speaks.

/// `server name "x", protocols h2 http/1.1`; empty when the hello says neither or is not whole.
pub fn describe(record: &[u8]) -> String {
    let mut said = Vec::new();
    let hello = Reader(record.get(5..).unwrap_or_default());
    if let Some(extensions) = extensions(hello) {
        for (kind, content) in extensions {
            match kind {
                0 => {
                    let name = content.get(5..).unwrap_or_default();
                    said.push(format!("server name {:?}", String::from_utf8_lossy(name)));
                }
                16 => {
                    let mut list = Reader(content.get(2..).unwrap_or_default());
                    let mut names = Vec::new();
                    while let Some(name) = list.vector(1) {
                        names.push(String::from_utf8_lossy(name.0).into_owned());
                    }
                    said.push(format!("protocols {}", names.join(" ")));
                }
                _ => {}
            }
        }
    }
    said.join(", ")
}

fn extensions(mut hello: Reader<'_>) -> Option<Vec<(usize, &[u8])>> {
    hello.take(4 + 2 + 32)?; // type and length, version, random
    hello.vector(1)?; // session
    hello.vector(2)?; // ciphers
    hello.vector(1)?; // compressions
    // A hello of many bytes comes in pieces: what is there of it is read.
    hello.take(2)?;
    let mut found = Vec::new();
    while let Some(kind) = hello.number(2) {
        let Some(content) = hello.vector(2) else {
            break;
        };
        found.push((kind, content.0));
    }
    Some(found)
}

#[derive(Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (some, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(some)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        let bytes = self.take(bytes)?;
        Some(
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
        )
    }

    fn vector(&mut self, bytes: usize) -> Option<Self> {
        let length = self.number(bytes)?;
        self.take(length).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello() -> Vec<u8> {
        let mut out = vec![0x16, 3, 1, 0, 0, 1, 0, 0, 0, 3, 3];
        out.extend([7; 32]);
        out.extend([0, 0, 2, 0x13, 1, 1, 0]);
        out.extend([0, 0]); // length of the extensions, not looked at
        out.extend([0, 0, 0, 11, 0, 9, 0, 0, 6]);
        out.extend(b"a.test");
        out.extend([0, 16, 0, 5, 0, 3, 2]);
        out.extend(b"h2");
        out
    }

    #[test]
    fn hello_tells_name_and_protocols() {
        assert_eq!(describe(&hello()), "server name \"a.test\", protocols h2");
    }

    #[test]
    fn any_part_of_a_hello_is_read_as_far_as_it_goes() {
        let whole = hello();
        for end in 0..whole.len() {
            let _ = describe(whole.get(..end).unwrap_or_default());
        }
        assert_eq!(describe(b""), "");
    }
}
