"""A face that tests draw, and pictures that show it."""

from PIL import Image, ImageDraw, ImageFilter

EDGE_PX = 240


def draw_face() -> Image.Image:
    """A head from the front, in soft light, on grey."""
    face = Image.new("RGB", (EDGE_PX, EDGE_PX), (120, 125, 130))
    pen = ImageDraw.Draw(face)
    pen.ellipse((46, 14, 194, 150), fill=(52, 38, 30))  # hair
    pen.ellipse((58, 34, 182, 220), fill=(214, 170, 142))
    pen.ellipse((66, 120, 104, 180), fill=(205, 150, 126))  # cheeks
    pen.ellipse((136, 120, 174, 180), fill=(205, 150, 126))
    for left in (76, 132):
        pen.rounded_rectangle((left - 4, 84, left + 36, 92), 4, fill=(66, 46, 36))  # brow
        pen.ellipse((left - 4, 96, left + 36, 118), fill=(176, 130, 106))  # socket
        pen.ellipse((left + 2, 100, left + 30, 115), fill=(238, 232, 226))
        pen.ellipse((left + 9, 99, left + 23, 115), fill=(44, 30, 24))
    pen.polygon([(114, 104), (126, 104), (134, 150), (106, 150)], fill=(198, 152, 126))  # nose
    pen.ellipse((104, 142, 114, 152), fill=(130, 86, 70))
    pen.ellipse((126, 142, 136, 152), fill=(130, 86, 70))
    pen.ellipse((92, 168, 148, 192), fill=(168, 80, 76))  # mouth
    pen.line((94, 180, 146, 180), fill=(96, 40, 40), width=3)
    return face.filter(ImageFilter.GaussianBlur(2.5))


def showing_face(picture: Image.Image) -> Image.Image:
    """The picture with a face in the middle of it, half as high."""
    edge = picture.height // 2
    shown = picture.copy()
    shown.paste(draw_face().resize((edge, edge)), ((picture.width - edge) // 2, (picture.height - edge) // 2))
    return shown
