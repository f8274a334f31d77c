"""PDF files written byte by byte, because no ordinary program writes the ones that matter here."""

import hashlib
import zlib
from collections.abc import Sequence
from functools import partial

from hostile_case import HostileCase, file

INK = b"0 0 0 rg 20 20 100 40 re f"
BOX = b"/MediaBox [0 0 200 100]"


def assemble(objects: Sequence[bytes], trailer: bytes = b"/Root 1 0 R") -> bytes:
    """A whole PDF of these objects, numbered from 1, with a right cross-reference table."""
    body = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return body + table + b"trailer\n<</Size %d %b>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, len(body))


def stream(data: bytes, entries: bytes = b"", length: int | None = None) -> bytes:
    """A stream object; its /Length may lie."""
    return b"<</Length %d %b>>\nstream\n%b\nendstream" % (len(data) if length is None else length, entries, data)


def packed(data: bytes, entries: bytes = b"") -> bytes:
    """A compressed stream object."""
    return stream(zlib.compress(data, 9), b"/Filter /FlateDecode " + entries)


def one_page(page: bytes = BOX, content: bytes = b"", more: Sequence[bytes] = (), catalog: bytes = b"") -> bytes:
    """Objects: 1 catalog, 2 pages, 3 the page, 4 its content, 5... `more`."""
    return assemble(
        [
            b"<</Type /Catalog /Pages 2 0 R %b>>" % catalog,
            b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
            b"<</Type /Page /Parent 2 0 R /Contents 4 0 R %b>>" % page,
            content or stream(INK),
            *more,
        ]
    )


def with_image(image: bytes) -> bytes:
    """A page whose whole content is one image (object 5)."""
    resources = BOX + b"/Resources <</XObject <</I 5 0 R>>>>"
    return one_page(resources, stream(b"200 0 0 100 0 0 cm /I Do"), [image])


def image(data: bytes, filters: bytes, size: tuple[int, int] = (64, 64), entries: bytes = b"") -> bytes:
    """An 8-bit grey image object with these filters."""
    head = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8" % size
    return stream(data, head + filters + entries)


def many_pages(kids: Sequence[bytes], objects: Sequence[bytes], count: int | None = None) -> bytes:
    """Objects: 1 catalog, 2 pages, 3... `objects`; /Count may lie."""
    pages = b"<</Type /Pages /Kids [%b] /Count %d>>" % (b" ".join(kids), len(kids) if count is None else count)
    return assemble([b"<</Type /Catalog /Pages 2 0 R>>", pages, *objects])


def rc4(key: bytes, data: bytes) -> bytes:
    """The stream cipher of old PDF encryption."""
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    i = j = 0
    out = bytearray()
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def locked_rc4(user: bytes, owner: bytes) -> bytes:
    """A page encrypted with 40-bit RC4 (PDF 32000-1, 7.6.3, algorithms 1 to 4)."""
    identity, rights = b"0123456789abcdef", -4
    owner_entry = rc4(hashlib.md5((owner + PADDING)[:32]).digest()[:5], (user + PADDING)[:32])
    seed = (user + PADDING)[:32] + owner_entry + rights.to_bytes(4, "little", signed=True) + identity
    key = hashlib.md5(seed).digest()[:5]
    content_key = hashlib.md5(key + (4).to_bytes(3, "little") + b"\0\0").digest()[:10]
    return assemble(
        [
            b"<</Type /Catalog /Pages 2 0 R>>",
            b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
            b"<</Type /Page /Parent 2 0 R /Contents 4 0 R %b>>" % BOX,
            stream(rc4(content_key, INK)),
            b"<</Filter /Standard /V 1 /R 2 /P %d /O <%b> /U <%b>>>"
            % (rights, owner_entry.hex().encode(), rc4(key, PADDING).hex().encode()),
        ],
        b"/Root 1 0 R /Encrypt 5 0 R /ID [<%b> <%b>]" % (identity.hex().encode(), identity.hex().encode()),
    )


def _sbox() -> list[int]:
    box, p, q = [0] * 256, 1, 1
    while True:
        p = p ^ (p << 1) & 0xFF ^ (0x1B if p & 0x80 else 0)
        for shift in (1, 2, 4):
            q ^= (q << shift) & 0xFF
        q ^= 0x09 if q & 0x80 else 0
        turned = q ^ (q << 1 | q >> 7) ^ (q << 2 | q >> 6) ^ (q << 3 | q >> 5) ^ (q << 4 | q >> 4)
        box[p] = (turned ^ 0x63) & 0xFF
        if p == 1:
            box[0] = 0x63
            return box


SBOX = _sbox()


def _double(byte: int) -> int:
    return (byte << 1) & 0xFF ^ (0x1B if byte & 0x80 else 0)


def aes256(key: bytes, block: bytes) -> bytes:
    """One block of AES-256 (FIPS 197)."""
    words = [list(key[place : place + 4]) for place in range(0, 32, 4)]
    constant = 1
    for number in range(8, 60):
        word = list(words[-1])
        if number % 8 == 0:
            word = [SBOX[byte] for byte in word[1:] + word[:1]]
            word[0] ^= constant
            constant = _double(constant)
        elif number % 8 == 4:
            word = [SBOX[byte] for byte in word]
        words.append([a ^ b for a, b in zip(words[-8], word, strict=True)])
    state = list(block)
    for turn in range(15):
        if turn:
            state = [SBOX[state[(place + 4 * (place % 4)) % 16]] for place in range(16)]
        if 0 < turn < 14:
            mixed = []
            for column in range(0, 16, 4):
                a = state[column : column + 4]
                total = a[0] ^ a[1] ^ a[2] ^ a[3]
                mixed += [a[i] ^ total ^ _double(a[i] ^ a[(i + 1) % 4]) for i in range(4)]
            state = mixed
        round_key = [byte for word in words[4 * turn : 4 * turn + 4] for byte in word]
        state = [a ^ b for a, b in zip(state, round_key, strict=True)]
    return bytes(state)


def locked_aes256(user: bytes) -> bytes:
    """A page whose file key is wrapped with AES-256 (Adobe supplement to ISO 32000, extension level 3)."""
    key, salts, rights = bytes(range(32)), (b"validate", b"keysalt!"), -4

    def chained(secret: bytes, plain: bytes) -> bytes:
        blocks = [bytes(16)]
        for place in range(0, len(plain), 16):
            blocks.append(
                aes256(secret, bytes(a ^ b for a, b in zip(blocks[-1], plain[place : place + 16], strict=True)))
            )
        return b"".join(blocks)

    user_entry = hashlib.sha256(user + salts[0]).digest() + salts[0] + salts[1]
    owner_entry = hashlib.sha256(b"owner" + salts[0] + user_entry).digest() + salts[0] + salts[1]
    user_key = chained(hashlib.sha256(user + salts[1]).digest(), key)[16:]
    owner_key = chained(hashlib.sha256(b"owner" + salts[1] + user_entry).digest(), key)[16:]
    rights_entry = aes256(key, rights.to_bytes(4, "little", signed=True) + b"\xff\xff\xff\xffTadb1234")
    encryption = (
        b"<</Filter /Standard /V 5 /R 5 /Length 256 /P %d /CF <</StdCF <</CFM /AESV3 /Length 32>>>> /StmF /StdCF "
        b"/StrF /StdCF /EncryptMetadata true " % rights
    )
    for name, value in ((b"O", owner_entry), (b"U", user_entry), (b"OE", owner_key), (b"UE", user_key)):
        encryption += b"/%b <%b> " % (name, value.hex().encode())
    encryption += b"/Perms <%b>>>" % rights_entry.hex().encode()
    return assemble(
        [
            b"<</Type /Catalog /Pages 2 0 R>>",
            b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
            b"<</Type /Page /Parent 2 0 R /Contents 4 0 R %b>>" % BOX,
            stream(chained(key, INK + bytes([-len(INK) % 16 or 16]) * (-len(INK) % 16 or 16))),
            encryption,
        ],
        b"/Root 1 0 R /Encrypt 5 0 R /ID [<00> <00>]",
    )


def self_reference_in_table() -> bytes:
    """The cross-reference table names itself as the one before."""
    whole = one_page()
    start = whole.rindex(b"xref\n0")
    return whole.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % start)


def two_tables_in_a_circle() -> bytes:
    """Two cross-reference tables, each naming the other as the one before."""
    first = one_page()
    start = first.rindex(b"xref\n0")
    second = len(first) + len(b" /Prev 0000000000")
    first = first.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %010d" % second)
    return first + b"xref\n0 0\ntrailer\n<</Size 5 /Root 1 0 R /Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (start, second)


def deep_page_tree(depth: int = 5000) -> bytes:
    """One page under thousands of nodes."""
    nodes = [
        b"<</Type /Pages /Kids [%d 0 R] /Count 1 %b>>"
        % (number + 1, b"/Parent %d 0 R" % (number - 1) if number > 2 else b"")
        for number in range(2, depth + 2)
    ]
    page = b"<</Type /Page /Parent %d 0 R %b /Contents %d 0 R>>" % (depth + 1, BOX, depth + 3)
    return assemble([b"<</Type /Catalog /Pages 2 0 R>>", *nodes, page, stream(INK)])


def resources(number: int) -> bytes:
    """Resources that name one form."""
    return b"/Resources <</XObject <</F %d 0 R>>>>" % number


def form(content: bytes, inner: int) -> bytes:
    """A form whose content may draw the form `inner`."""
    return stream(content, b"/Type /XObject /Subtype /Form /BBox [0 0 200 100] " + resources(inner))


def nested_forms(depth: int) -> bytes:
    """Form inside form inside form."""
    forms = [form(INK + b" /F Do", number + 6) for number in range(depth)]
    return one_page(BOX + resources(5), stream(b"/F Do"), [*forms, form(INK, 5)])


def bomb(megabytes: int, byte: bytes = b" ") -> bytes:
    """Compressed data that unpack to so many MB."""
    packer = zlib.compressobj(9)
    block = byte * 1_000_000
    return b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()


def bomb_of_bombs() -> bytes:
    """100 MB inside 100 kB inside a few hundred bytes."""
    return stream(zlib.compress(bomb(100), 9), b"/Filter [/FlateDecode /FlateDecode]")


def slow_page() -> bytes:
    """A page that takes hours: forms of forms of forms, each drawn 60 times."""
    forms = [form(b"/F Do " * 60, number + 6) for number in range(6)]
    return one_page(BOX + resources(5), stream(b"/F Do"), [*forms, form(INK * 20, 5)])


def good_bad_good(bad_kid: bytes, more: Sequence[bytes] = ()) -> bytes:
    """Three pages, the second one as given; objects from 6 on are `more`."""
    good = b"<</Type /Page /Parent 2 0 R /Contents 4 0 R %b>>" % BOX
    return many_pages([b"3 0 R", bad_kid, b"5 0 R"], [good, stream(INK), good, *more])


def object_stream_of_itself() -> bytes:
    """An object stream that says it lies in itself, in a cross-reference stream."""
    body = b"%PDF-1.7\n"
    start = len(body)
    rows = b"".join(bytes(row) for row in ((0, 0, 0, 255), (2, 0, 2, 0), (2, 0, 2, 1)))
    return body + b"3 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (
        stream(rows, b"/Type /XRef /Size 3 /W [1 2 1] /Root 1 0 R"),
        start,
    )


def _truncated(share: float) -> bytes:
    whole = many_pages(
        [b"3 0 R", b"4 0 R"],
        [
            b"<</Type /Page /Parent 2 0 R /Contents 5 0 R %b>>" % BOX,
            b"<</Type /Page /Parent 2 0 R /Contents 6 0 R %b>>" % BOX,
            stream(INK + b" " * 300),
            stream(INK + b" " * 300),
        ],
    )
    return whole[: int(len(whole) * share)]


def _box(words: bytes) -> bytes:
    return one_page(b"/MediaBox " + words)


def _type3_loop() -> bytes:
    glyph = stream(b"1000 0 0 0 1000 1000 d1 0 0 500 500 re f BT /F 10 Tf (a) Tj ET")
    font = (
        b"<</Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [.001 0 0 .001 0 0] /FirstChar 97 "
        b"/LastChar 97 /Widths [1000] /Encoding <</Differences [97 /a]>> /CharProcs <</a 6 0 R>> "
        b"/Resources <</Font <</F 5 0 R>>>>>>"
    )
    content = stream(INK + b" BT /F 40 Tf 50 50 Td (aaa) Tj ET")
    return one_page(BOX + b"/Resources <</Font <</F 5 0 R>>>>", content, [font, glyph])


def _bad_font() -> bytes:
    font = (
        b"<</Type /Font /Subtype /TrueType /BaseFont /Junk /FirstChar 97 /LastChar 97 /Widths [500] "
        b"/FontDescriptor <</Type /FontDescriptor /FontName /Junk /Flags 32 /FontFile2 6 0 R>>>>"
    )
    junk = stream(b"\x00\x01\x00\x00\xff\xff" + bytes(range(256)) * 4)
    content = stream(INK + b" BT /F 40 Tf 50 50 Td (aaa) Tj ET")
    return one_page(BOX + b"/Resources <</Font <</F 5 0 R>>>>", content, [font, junk])


def _mask_loop() -> bytes:
    picture = image(zlib.compress(b"\x20" * 4096), b"/Filter /FlateDecode", entries=b"/SMask 5 0 R")
    return with_image(picture)


def _corrupt_flate() -> bytes:
    return with_image(image(b"\x78\x9c" + b"\xff\x00\xaa" * 400, b"/Filter /FlateDecode"))


def _attached() -> bytes:
    catalog = b"/Names <</EmbeddedFiles <</Names [(x.exe) 5 0 R]>>>>"
    return one_page(catalog=catalog, more=[b"<</Type /Filespec /F (x.exe) /EF <</F 6 0 R>>>>", stream(b"MZ" * 5000)])


def _action(words: bytes) -> bytes:
    return one_page(catalog=b"/OpenAction 5 0 R", more=[b"<</Type /Action %b>>" % words])


DAMAGED = "damaged"
NO_PAGE = {1: "damaged"}

PDFS = [
    *(
        HostileCase(
            f"pdf-truncated-{round(share * 100):02}", file("cut.pdf", partial(_truncated, share)), 0, problem=DAMAGED
        )
        for share in (0.01, 0.05, 0.15, 0.3, 0.5, 0.7)
    ),
    HostileCase("pdf-without-its-table", file("cut.pdf", partial(_truncated, 0.8)), 0, problem=DAMAGED),
    HostileCase("pdf-without-its-last-bytes", file("cut.pdf", partial(_truncated, 0.99)), 2),
    HostileCase(
        "pdf-locked", file("a.pdf", partial(locked_rc4, b"abre", b"dono")), 0, problem="encrypted", hint="--password"
    ),
    HostileCase(
        "pdf-locked-wrong-password",
        file("a.pdf", partial(locked_rc4, b"abre", b"dono")),
        0,
        problem="password does not open",
        hint="--password",
        password="fecha",
    ),
    HostileCase("pdf-locked-user-password", file("a.pdf", partial(locked_rc4, b"abre", b"dono")), password="abre"),
    HostileCase("pdf-locked-owner-password", file("a.pdf", partial(locked_rc4, b"abre", b"dono")), password="dono"),
    HostileCase("pdf-owner-password-only", file("a.pdf", partial(locked_rc4, b"", b"dono"))),
    HostileCase(
        "pdf-aes256", file("a.pdf", partial(locked_aes256, b"abre")), 0, problem="encrypted", hint="--password"
    ),
    HostileCase(
        "pdf-aes256-wrong-password",
        file("a.pdf", partial(locked_aes256, b"abre")),
        0,
        problem="password does not open",
        password="fecha",
    ),
    HostileCase("pdf-aes256-password", file("a.pdf", partial(locked_aes256, b"abre")), password="abre"),
    HostileCase("pdf-password-not-needed", file("a.pdf", one_page), password="abre"),
    HostileCase("pdf-zero-pages", file("a.pdf", lambda: many_pages([], [])), 0, problem="no pages"),
    HostileCase("pdf-garbage", file("a.pdf", lambda: b"%PDF-1.7\n" + bytes(range(256)) * 40), 0, problem=DAMAGED),
    HostileCase("pdf-header-only", file("a.pdf", lambda: b"%PDF-1.4\n%%EOF\n"), 0, problem=DAMAGED),
    HostileCase("pdf-table-loop", file("a.pdf", self_reference_in_table)),
    HostileCase("pdf-table-circle", file("a.pdf", two_tables_in_a_circle)),
    HostileCase("pdf-object-stream-loop", file("a.pdf", object_stream_of_itself), 0, problem=DAMAGED),
    HostileCase("pdf-page-tree-loop", file("a.pdf", lambda: many_pages([b"2 0 R"], [])), 1, NO_PAGE),
    HostileCase("pdf-page-tree-deep", file("a.pdf", deep_page_tree), 1, NO_PAGE),
    HostileCase(
        "pdf-form-in-itself",
        file("a.pdf", lambda: one_page(BOX + resources(5), stream(INK + b" /F Do"), [form(INK + b" /F Do", 5)])),
    ),
    HostileCase("pdf-forms-500-deep", file("a.pdf", partial(nested_forms, 500))),
    HostileCase("pdf-arrays-deep", file("a.pdf", lambda: one_page(BOX + b"/Junk " + b"[" * 100_000 + b"]" * 100_000))),
    HostileCase("pdf-arrays-deep-in-content", file("a.pdf", lambda: one_page(content=stream(INK + b"[" * 500_000)))),
    HostileCase("pdf-states-deep", file("a.pdf", lambda: one_page(content=stream(INK + b" q" * 500_000)))),
    HostileCase(
        "pdf-page-huge",
        file("a.pdf", partial(_box, b"[0 0 1000000000 1000000000]")),
        1,
        {1: "too large"},
        hint="max_pixels",
    ),
    HostileCase(
        "pdf-page-200-inches",
        file("a.pdf", partial(_box, b"[0 0 14400 14400]")),
        1,
        {1: "too large"},
        hint="max_pixels",
    ),
    HostileCase("pdf-page-nan", file("a.pdf", partial(_box, b"[0 0 NaN nan]"))),
    HostileCase("pdf-page-words", file("a.pdf", partial(_box, b"[(a) (b) /c null]"))),
    HostileCase("pdf-page-zero", file("a.pdf", partial(_box, b"[0 0 0 0]"))),
    HostileCase("pdf-page-line", file("a.pdf", partial(_box, b"[0 0 200 0]"))),
    HostileCase("pdf-page-upside-down-box", file("a.pdf", partial(_box, b"[200 100 0 0]"))),
    HostileCase("pdf-page-negative-box", file("a.pdf", partial(_box, b"[-200 -100 200 100]"))),
    HostileCase("pdf-page-no-box", file("a.pdf", partial(one_page, b"/Nothing null"))),
    HostileCase("pdf-page-infinite-box", file("a.pdf", partial(_box, b"[0 0 1e400 99999999999999999999999999999]"))),
    HostileCase("pdf-crop-outside", file("a.pdf", partial(one_page, BOX + b"/CropBox [5000 5000 6000 6000]"))),
    HostileCase("pdf-user-unit", file("a.pdf", partial(one_page, BOX + b"/UserUnit 1000000"))),
    *(
        HostileCase(f"pdf-rotate-{angle}", file("a.pdf", partial(one_page, BOX + b"/Rotate %d" % angle)))
        for angle in (90, -90, 37, 2**40)
    ),
    HostileCase(
        "pdf-100000-pages",
        file("a.pdf", lambda: many_pages([b"3 0 R"] * 100_000, [b"<</Type /Page /Parent 2 0 R %b>>" % BOX])),
        0,
        problem="100000 pages",
        hint="max_pages",
    ),
    HostileCase(
        "pdf-says-a-million-pages",
        file("a.pdf", lambda: many_pages([b"3 0 R"], [b"<</Type /Page %b>>" % BOX], 1_000_000)),
        0,
        problem="1000000 pages",
        hint="max_pages",
    ),
    HostileCase(
        "pdf-says-two-pages-more",
        file("a.pdf", lambda: many_pages([b"3 0 R"], [b"<</Type /Page /Contents 4 0 R %b>>" % BOX, stream(INK)], 3)),
        3,
        {2: DAMAGED, 3: DAMAGED},
    ),
    HostileCase("pdf-negative-count", file("a.pdf", lambda: many_pages([b"3 0 R"], [b"<<>>"], -5)), blank=True),
    HostileCase(
        "pdf-content-bomb",
        file("a.pdf", lambda: one_page(content=stream(bomb(600), b"/Filter /FlateDecode"))),
        1,
        {1: "crashed"},
        hint="memory_mb",
        settings={"memory_mb": 512},
    ),
    HostileCase("pdf-bomb-of-bombs", file("a.pdf", lambda: one_page(content=bomb_of_bombs())), blank=True),
    HostileCase(
        "pdf-image-bomb",
        file("a.pdf", lambda: with_image(image(bomb(625, b"\x20"), b"/Filter /FlateDecode", (25_000, 25_000)))),
        1,
        {1: ""},
        settings={"memory_mb": 512},
    ),
    HostileCase(
        "pdf-image-claims-a-lot", file("a.pdf", lambda: with_image(image(b"abc", b"", (100_000, 100_000)))), 1, {1: ""}
    ),
    HostileCase("pdf-image-corrupt-flate", file("a.pdf", _corrupt_flate), 1, {1: "image"}),
    HostileCase(
        "pdf-image-corrupt-jpeg",
        file("a.pdf", lambda: with_image(image(b"\xff\xd8\xff\xe0junk" * 50, b"/Filter /DCTDecode"))),
        1,
        {1: "image"},
    ),
    HostileCase(
        "pdf-image-jpx-junk",
        file("a.pdf", lambda: with_image(image(b"\0\0\0\x0cjP  \r\n\x87\njunk" * 9, b"/Filter /JPXDecode"))),
        1,
        {1: "image"},
    ),
    HostileCase(
        "pdf-image-jbig2-junk",
        file("a.pdf", lambda: with_image(image(bytes(range(200)), b"/Filter /JBIG2Decode"))),
        1,
        {1: "image"},
    ),
    HostileCase(
        "pdf-image-fax-junk", file("a.pdf", lambda: with_image(image(b"\xa5" * 300, b"/Filter /CCITTFaxDecode")))
    ),
    HostileCase(
        "pdf-image-unknown-filter",
        file("a.pdf", lambda: with_image(image(b"abc" * 2000, b"/Filter /NoSuchDecode"))),
        1,
        {1: "image"},
    ),
    HostileCase("pdf-image-mask-loop", file("a.pdf", _mask_loop)),
    HostileCase(
        "pdf-javascript", file("a.pdf", partial(_action, b"/S /JavaScript /JS (while\\(1\\){app.alert\\(1\\)})"))
    ),
    HostileCase("pdf-launch", file("a.pdf", partial(_action, b"/S /Launch /F (/bin/sh) /P (-c reboot)"))),
    HostileCase("pdf-submit", file("a.pdf", partial(_action, b"/S /SubmitForm /F (http://192.0.2.1/)"))),
    HostileCase("pdf-embedded-file", file("a.pdf", _attached)),
    HostileCase(
        "pdf-content-missing",
        file("a.pdf", lambda: one_page().replace(b"/Contents 4 0 R", b"/Contents 9 0 R")),
        blank=True,
    ),
    HostileCase("pdf-length-lies", file("a.pdf", lambda: one_page(content=stream(INK, length=10**9)))),
    HostileCase("pdf-length-negative", file("a.pdf", lambda: one_page(content=stream(INK, length=-1)))),
    HostileCase(
        "pdf-length-loop",
        file("a.pdf", lambda: one_page(content=stream(INK).replace(b"/Length 26", b"/Length 5 0 R"), more=[b"5 0 R"])),
    ),
    HostileCase("pdf-parent-loop", file("a.pdf", lambda: one_page().replace(b"/Count 1", b"/Count 1 /Parent 2 0 R"))),
    HostileCase(
        "pdf-no-root",
        file("a.pdf", lambda: one_page().replace(b"/Root 1 0 R", b"/Boot 1 0 R")),
        0,
        problem=DAMAGED,
    ),
    HostileCase("pdf-font-junk", file("a.pdf", _bad_font)),
    HostileCase("pdf-font-in-itself", file("a.pdf", _type3_loop)),
    HostileCase("pdf-junk-before-header", file("a.pdf", lambda: b"junk\n" * 150 + one_page())),
    HostileCase(
        "pdf-header-too-late",
        file("a.pdf", lambda: b"junk\n" * 300 + one_page()),
        0,
        problem="not what its name says",
        refused_by_name=True,
    ),
    HostileCase("pdf-missing-page", file("a.pdf", partial(good_bad_good, b"99 0 R")), 3, {2: DAMAGED}),
    HostileCase("pdf-page-is-a-number", file("a.pdf", partial(good_bad_good, b"6 0 R", [b"42"])), 3, {2: DAMAGED}),
    HostileCase(
        "pdf-one-page-too-large",
        file("a.pdf", partial(good_bad_good, b"6 0 R", [b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 99999 99999]>>"])),
        3,
        {2: "too large"},
    ),
    HostileCase(
        "pdf-takes-forever", file("a.pdf", slow_page), 1, {1: "longer than"}, hint="seconds", settings={"seconds": 3}
    ),
]
