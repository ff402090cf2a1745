"""What a contributor uploads becomes upright sRGB pixels or a clear refusal, and nothing personal is handed out."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from marketplace import images
from marketplace.images import PILLOW_NAMES, Format, UnreadableImage, decode, derivative, sha256_hex

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def _picture() -> Image.Image:
    gradients = (Image.linear_gradient("L"), Image.radial_gradient("L"), Image.new("L", (256, 256), 90))
    return Image.merge("RGB", gradients).resize((96, 64))


def _file(image: Image.Image, file_format: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def _refusal(data: bytes) -> UnreadableImage:
    with pytest.raises(UnreadableImage) as refused:
        decode(data)
    return refused.value


def _png_header(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(bytes(1000))
    return PNG_SIGNATURE + b"".join(
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
        for part in (chunk, pixels, b"IEND")
    )


@pytest.mark.parametrize("kind", PILLOW_NAMES)
def test_every_accepted_type_is_recognised_by_its_content(kind: Format) -> None:
    decoded = decode(_file(_picture(), PILLOW_NAMES[kind]))
    assert (decoded.format, decoded.width, decoded.height, decoded.frames) == (kind, 96, 64, 1)
    difference = np.asarray(decoded.image, dtype=int) - np.asarray(_picture(), dtype=int)
    assert np.abs(difference).mean() < 4


@pytest.mark.parametrize("file_format", ["GIF", "ICO", "BMP", "PDF", "TGA", "JPEG2000", "PPM"])
def test_other_types_are_refused_with_the_accepted_ones_named(file_format: str) -> None:
    refusal = _refusal(_file(_picture(), file_format))
    assert refusal.code == "type_not_allowed"
    assert "JPEG, PNG, WebP, TIFF, AVIF or HEIC" in str(refusal)


@pytest.mark.parametrize("data", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8", b"PK\x03\x04", b"\0" * 64])
def test_what_is_no_photograph_at_all_is_refused(data: bytes) -> None:
    assert _refusal(data).code == "type_not_allowed"


@pytest.mark.parametrize("tag", [{ExifTags.Base.DNGVersion: b"\1\4\0\0"}, {ExifTags.Base.NewSubfileType: 1}])
def test_a_camera_raw_file_is_not_taken_for_the_preview_inside_it(tag: dict[int, object]) -> None:
    refusal = _refusal(_file(_picture(), "TIFF", tiffinfo=tag))
    assert refusal.code == "type_not_allowed"
    assert "camera raw" in str(refusal)


def test_an_empty_file_is_called_empty() -> None:
    assert _refusal(b"").code == "empty_file"


@pytest.mark.parametrize("kind", PILLOW_NAMES)
@pytest.mark.parametrize("kept_percent", [5, 60, 90])
def test_a_truncated_file_is_unreadable_and_never_half_a_picture(kind: Format, kept_percent: int) -> None:
    whole = _file(_picture(), PILLOW_NAMES[kind])
    assert _refusal(whole[: len(whole) * kept_percent // 100]).code in {"truncated", "corrupt"}


def test_a_truncated_photograph_says_that_it_ends_too_early() -> None:
    whole = _file(_picture(), "JPEG")
    refusal = _refusal(whole[: len(whole) // 2])
    assert refusal.code == "truncated"
    assert "Upload it again" in str(refusal)


@pytest.mark.parametrize(("width", "height"), [(12_000, 11_000), (50_000, 50_000)])
def test_a_picture_of_too_many_pixels_is_refused_by_its_header(width: int, height: int) -> None:
    refusal = _refusal(_png_header(width, height))
    assert refusal.code == "too_many_pixels"
    assert "120 megapixels" in str(refusal)


def test_a_file_of_too_many_bytes_is_refused() -> None:
    refusal = _refusal(b"\xff\xd8\xff" + bytes(images.MAX_BYTES))
    assert refusal.code == "too_large_bytes"
    assert "at most 100 MB" in str(refusal)


def test_a_file_of_too_many_pages_is_refused() -> None:
    dot = Image.new("L", (1, 1))
    pages = _file(dot, "TIFF", save_all=True, append_images=[dot] * images.MAX_FRAMES)
    assert _refusal(pages).code == "too_many_frames"


@pytest.mark.parametrize("file_format", ["WEBP", "PNG", "AVIF", "TIFF"])
def test_of_an_animation_the_first_frame_is_decoded_and_the_frames_are_counted(file_format: str) -> None:
    red, *others = (Image.new("RGB", (16, 16), colour) for colour in (RED, GREEN, BLUE))
    decoded = decode(_file(red, file_format, save_all=True, append_images=others))
    assert decoded.frames == 3
    assert np.abs(np.asarray(decoded.image, dtype=int) - RED).max() < 12


def test_the_further_pictures_in_a_camera_jpeg_are_no_animation() -> None:
    decoded = decode(_file(_picture(), "MPO", save_all=True, append_images=[_picture().resize((32, 32))]))
    assert (decoded.format, decoded.frames, decoded.width) == ("JPEG", 1, 96)


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [
        (1, (0, 0)), (2, (2, 0)), (3, (2, 1)), (4, (0, 1)),
        (5, (0, 0)), (6, (1, 0)), (7, (1, 2)), (8, (0, 2)),
    ],
)  # fmt: skip
def test_the_camera_held_sideways_still_gives_an_upright_picture(orientation: int, corner: tuple[int, int]) -> None:
    stored = Image.new("RGB", (3, 2))
    stored.putpixel((0, 0), RED)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    decoded = decode(_file(stored, "PNG", exif=exif))
    assert decoded.image.getpixel(corner) == RED
    assert (decoded.width, decoded.height) == ((3, 2) if orientation < 5 else (2, 3))


def test_malformed_exif_does_not_cost_the_picture() -> None:
    decoded = decode(_file(_picture(), "JPEG", exif=b"Exif\0\0\xff\xff\xff\xff\0\0\0\x08"))
    assert (decoded.width, decoded.height) == (96, 64)


def test_transparency_is_laid_over_white() -> None:
    translucent = Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    translucent.putpixel((1, 0), (255, 0, 0, 0))
    paletted = Image.new("P", (2, 1))
    paletted.putpalette([0, 0, 0, *RED])
    paletted.putpixel((0, 0), 1)
    for data in (_file(translucent, "PNG"), _file(paletted, "PNG", transparency=0)):
        image = decode(data).image
        assert (image.getpixel((0, 0)), image.getpixel((1, 0))) == (RED, WHITE)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_sixteen_bits_become_eight_without_losing_the_highlights(file_format: str) -> None:
    values = np.array([[0, 0x7FFF, 0xFFFF]], dtype=np.uint16)
    assert list(np.asarray(decode(_file(Image.fromarray(values), file_format)).image)[0, :, 0]) == [0, 127, 255]


def test_pixels_without_a_fixed_range_are_refused_and_not_guessed() -> None:
    assert _refusal(_file(Image.new("F", (4, 4), 0.5), "TIFF")).code == "type_not_allowed"


def test_print_colours_become_screen_colours() -> None:
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    red, green, blue = np.asarray(decode(_file(cyan, "JPEG", quality=95)).image)[8, 8]
    assert red < 40
    assert min(green, blue) > 150


def test_a_colour_profile_is_applied_and_a_broken_one_ignored() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    renamed = srgb.replace("sRGB".encode("utf-16-be"), "Swap".encode("utf-16-be"))
    swapped = renamed.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    red = Image.new("RGB", (4, 4), RED)
    assert decode(_file(red, "PNG", icc_profile=swapped)).image.getpixel((0, 0)) == pytest.approx(GREEN, abs=3)
    for harmless in (srgb, b"no profile at all"):
        assert decode(_file(red, "PNG", icc_profile=harmless)).image.getpixel((0, 0)) == RED


def test_a_derivative_carries_no_place_no_name_and_no_other_metadata() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "A Name"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    original = _file(_picture(), "JPEG", exif=exif, comment=b"A Name", xmp=b"<x:xmpmeta>A Name</x:xmpmeta>")
    assert Image.open(BytesIO(original)).getexif().get_ifd(ExifTags.IFD.GPSInfo)
    for picture in (decode(original).image, Image.open(BytesIO(original))):
        handed_out = derivative(picture, 64)
        assert b"A Name" not in handed_out
        reopened = Image.open(BytesIO(handed_out))
        assert (reopened.format, dict(reopened.getexif())) == ("JPEG", {})
        assert not {"exif", "xmp", "comment", "icc_profile"} & set(reopened.info)


def test_the_text_of_a_png_is_not_handed_out() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "A Name")
    assert not decode(_file(_picture(), "PNG", pnginfo=text)).image.info


def test_a_derivative_is_made_smaller_and_never_larger() -> None:
    assert Image.open(BytesIO(derivative(_picture(), 48))).size == (48, 32)
    assert Image.open(BytesIO(derivative(_picture(), 4000))).size == (96, 64)


def test_the_digest_of_the_original_is_plain_sha256() -> None:
    assert sha256_hex(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@given(kind=st.sampled_from(sorted(PILLOW_NAMES)), data=st.data())
def test_damaged_files_are_decoded_or_refused_but_never_crash(kind: Format, data: st.DataObject) -> None:
    damaged = bytearray(_file(_picture(), PILLOW_NAMES[kind]))
    places = st.integers(0, len(damaged) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=8)):
        damaged[place] = value
    try:
        decoded = decode(bytes(damaged))
    except UnreadableImage:
        return
    assert (decoded.image.mode, decoded.image.size) == ("RGB", (decoded.width, decoded.height))
