"""Safe decoding of uploaded pictures, and re-encoded derivatives that carry no metadata.

Content decides what a file is; its name is never asked for. What comes out is upright 8-bit sRGB.
"""

import hashlib
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

import numpy as np
import pillow_heif
from PIL import ExifTags, Image, ImageCms, ImageFile

Format = Literal["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIC"]

MAX_BYTES = 100_000_000
MAX_PIXELS = 120_000_000  # admits the 102-megapixel medium-format cameras
MAX_FRAMES = 1_000
DERIVATIVE_QUALITY = 85
PREVIEW_EDGE = 1024  # pixels; what the encoder reads
THUMBNAIL_EDGE = 320  # pixels; what others may see of a contributor's image

PILLOW_NAMES: dict[Format, str] = {
    "JPEG": "JPEG",
    "PNG": "PNG",
    "WEBP": "WEBP",
    "TIFF": "TIFF",
    "AVIF": "AVIF",
    "HEIC": "HEIF",
}
TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}
EIGHT_BIT_MODES = {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}
SIXTEEN_BIT_MODES = {"I;16", "I;16L", "I;16B"}
TIFF_REDUCED_COPY = 1  # bit of the tag NewSubfileType: the first picture of a camera raw file is a preview

UPRIGHT: dict[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))

pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


class UnreadableImage(ValueError):
    """A file that is no picture we can take: `code` for programs, the message for the contributor."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """A picture whose pixels could all be read.

    `image` is upright 8-bit sRGB without metadata, alpha laid over white; `width` and `height` are its pixels.
    `source` is the picture as stored (mode, alpha, orientation) with Pillow's info, text and EXIF, for screening only.
    `frames` counts the frames of an animation or the pages of a TIFF; the further pictures of a JPEG do not count.
    """

    image: Image.Image
    source: ImageFile.ImageFile
    format: Format
    width: int
    height: int
    frames: int


def decode(data: bytes) -> DecodedImage:
    """Decode the first frame of a JPEG, PNG, WebP, TIFF, AVIF or HEIC file.

    Raises UnreadableImage with the code `empty_file`, `too_large_bytes`, `type_not_allowed`, `too_many_pixels`,
    `too_many_frames`, `truncated` or `corrupt`; no other exception leaves this function.
    """
    kind = _sniff(data)
    try:
        # Pillow warns of every oddity in metadata; only pixels decide here whether a file is readable.
        with warnings.catch_warnings(action="ignore"):
            source = Image.open(BytesIO(data), formats=[PILLOW_NAMES[kind]])
            _check_header(source)
            frames = _count_frames(source, kind)
            source.load()
            image = _upright(_to_srgb(source), source)
    except UnreadableImage:
        raise
    except Exception as error:  # decoders fail in many ways on hostile files: every one of them is a verdict
        raise _explain(error) from error
    return DecodedImage(image, source, kind, image.width, image.height, frames)


def derivative(image: Image.Image, max_edge: int) -> bytes:
    """Return the picture as a JPEG of at most `max_edge` pixels on its longer edge, without any metadata."""
    copy = image.convert("RGB")
    copy.thumbnail((max_edge, max_edge), Image.Resampling.LANCZOS, reducing_gap=3.0)
    copy.info.clear()  # Pillow would write a JPEG comment found here
    out = BytesIO()
    copy.save(out, "JPEG", quality=DERIVATIVE_QUALITY)
    return out.getvalue()


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 digest of the bytes as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _sniff(data: bytes) -> Format:
    if not data:
        raise UnreadableImage("empty_file", "The file is empty. Upload it again.")
    if len(data) > MAX_BYTES:
        raise UnreadableImage(
            "too_large_bytes",
            f"The file has {len(data) / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB are accepted.",
        )
    kind = _format_of(data)
    if kind is None:
        raise _type_not_allowed("The file is not a JPEG, PNG, WebP, TIFF, AVIF or HEIC picture.")
    return kind


def _format_of(data: bytes) -> Format | None:
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[:4] in TIFF_SIGNATURES:
        return "TIFF"
    if data[4:8] == b"ftyp":
        return _format_of_brands(data)
    return None


def _format_of_brands(data: bytes) -> Format | None:
    """Tell AVIF from HEIC by the brands of the ISO base media file type box."""
    box = data[8 : min(int.from_bytes(data[:4]), 256)]
    brands = {box[:4], *(box[at : at + 4] for at in range(8, len(box), 4))}
    if brands & AVIF_BRANDS:
        return "AVIF"
    return "HEIC" if brands & HEIC_BRANDS else None


def _check_header(source: Image.Image) -> None:
    pixels = source.width * source.height
    if pixels > MAX_PIXELS:
        raise _too_many_pixels(f"{source.width} x {source.height} pixels")
    if source.mode not in EIGHT_BIT_MODES | SIXTEEN_BIT_MODES:
        raise _type_not_allowed(f"Pixels of the kind {source.mode} cannot be read.")
    if source.format == "TIFF":
        tags = source.getexif()
        if tags.get(ExifTags.Base.NewSubfileType, 0) & TIFF_REDUCED_COPY or ExifTags.Base.DNGVersion in tags:
            raise _type_not_allowed("The file is a camera raw file.")


def _count_frames(source: Image.Image, kind: Format) -> int:
    if kind == "JPEG":
        return 1
    frames = _count_pages(source) if kind == "TIFF" else int(getattr(source, "n_frames", 1))
    if frames > MAX_FRAMES:
        raise UnreadableImage("too_many_frames", f"The file has more than {MAX_FRAMES} frames. Upload one picture.")
    return frames


def _count_pages(source: Image.Image) -> int:
    """Count TIFF pages up to one past the cap: Pillow's own count would walk every page of a hostile file."""
    pages = 1
    try:
        while pages <= MAX_FRAMES:
            source.seek(pages)
            pages += 1
    except EOFError:
        pass
    source.seek(0)
    return pages


def _to_srgb(source: Image.Image) -> Image.Image:
    """Return a new 8-bit sRGB picture. As in browsers, a profile that does not fit the pixels means sRGB."""
    picture = _flatten(source)
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(source.info.get("icc_profile", b"")))
        if not ImageCms.getProfileDescription(profile).startswith("sRGB"):  # converting sRGB takes longer than decoding
            return ImageCms.buildTransform(profile, SRGB, picture.mode, "RGB").apply(picture)
    except (ImageCms.PyCMSError, OSError):
        pass
    return picture.convert("RGB")


def _flatten(source: Image.Image) -> Image.Image:
    """Return the picture with 8 bits per channel and its alpha, if any, laid over white."""
    if source.mode in SIXTEEN_BIT_MODES:
        return Image.fromarray((np.asarray(source) >> 8).astype(np.uint8))
    if not source.has_transparency_data:
        return source.convert("RGB") if source.mode == "P" else source
    translucent = source.convert("RGBA")
    opaque = Image.new("RGB", source.size, "white")
    opaque.paste(translucent, mask=translucent.getchannel("A"))
    return opaque


def _upright(image: Image.Image, source: Image.Image) -> Image.Image:
    turn = UPRIGHT.get(_orientation(source))
    upright = image if turn is None else image.transpose(turn)
    upright.info = {}
    return upright


def _orientation(source: Image.Image) -> object:
    try:
        return int(source.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # malformed EXIF in a file whose pixels are fine: it is shown as stored
        return 1


def _explain(error: Exception) -> UnreadableImage:
    if isinstance(error, Image.DecompressionBombError | MemoryError):
        return _too_many_pixels("more pixels than we can hold")
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return UnreadableImage("truncated", "The file ends before the picture does. Upload it again, whole.")
    return UnreadableImage(
        "corrupt", "The file is damaged: no picture can be decoded. Export it again and upload that."
    )


def _too_many_pixels(size: str) -> UnreadableImage:
    return UnreadableImage(
        "too_many_pixels", f"The picture has {size}; at most {MAX_PIXELS / 1e6:.0f} megapixels are accepted."
    )


def _type_not_allowed(what: str) -> UnreadableImage:
    return UnreadableImage("type_not_allowed", f"{what} Export it as JPEG, PNG or 8- or 16-bit TIFF and upload that.")
