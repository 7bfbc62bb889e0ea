"""Layers of images."""

import torch
from keras import layers as K, ops

from made import first, last, layer
from recording import begin, floats, x

begin("layers")


def image(name, make, options, v, of):
    layer(name, make, options, {}, [v], lambda _, v: first(of(last(v))))


S1, S2, S3 = x([2, 2, 6]), x([1, 2, 4, 5]), x([1, 1, 3, 4, 3])
image("cropping1d", [[[1, 2]]], {}, S1, K.Cropping1D((1, 2)))
image("cropping2d", [[[1, 2], [0, 1]]], {}, S2, K.Cropping2D(((1, 2), (0, 1))))
image("cropping2d", [1], {}, S2, K.Cropping2D(1))
image("cropping3d", [[[1, 1], [0, 2], [1, 0]]], {}, S3, K.Cropping3D(((1, 1), (0, 2), (1, 0))))
image("zeroPadding1d", [[[1, 2]]], {}, S1, K.ZeroPadding1D((1, 2)))
image("zeroPadding2d", [[[1, 2], [0, 1]]], {}, S2, K.ZeroPadding2D(((1, 2), (0, 1))))
image("zeroPadding2d", [1], {}, S2, K.ZeroPadding2D(1))
image("zeroPadding3d", [[[1, 1], [0, 2], [1, 0]]], {}, S3, K.ZeroPadding3D(((1, 1), (0, 2), (1, 0))))
image("upsampling1d", [2], {}, S1, K.UpSampling1D(2))
image("upsampling2d", [[2, 3]], {}, S2, K.UpSampling2D((2, 3)))
image("upsampling3d", [[2, 1, 2]], {}, S3, K.UpSampling3D((2, 1, 2)))
for mine, theirs in (("linear", "bilinear"), ("cubic", "bicubic")):
    image("upsampling2d", [[2, 3]], {"interpolation": mine}, S2, K.UpSampling2D((2, 3), interpolation=theirs))
for mine, theirs in (("nearest", "nearest"), ("linear", "bilinear"), ("cubic", "bicubic")):
    for size in ([6, 7], [3, 2], [8, 5]):
        image("resizing", [size], {"interpolation": mine}, S2, K.Resizing(*size, interpolation=theirs, data_format="channels_last"))
for size in ([2, 3], [3, 2], [4, 5]):
    image("centerCrop", [size], {}, S2, K.CenterCrop(*size, data_format="channels_last"))

GRAY = floats(torch.tensor([0.25, 0.5, 0.625, 0.125, 0.5, 1, 0.75, 0.0, 0.375, 0.5, 0.5, 0.5]).reshape(1, 2, 2, 3) * 255)
for bins in (256, 4):
    image("equalization", [], {"valueRange": [0, 255], **({} if bins == 256 else {"bins": bins})}, GRAY, lambda v, bins=bins: K.Equalization(value_range=(0, 255), bins=bins, data_format="channels_last")(v, training=True))
UNIT = floats(torch.tensor([0.25, 0.5, 0.625, 0.125, 0.5, 0.875, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]).reshape(1, 2, 2, 3))
image("equalization", [], {}, UNIT, lambda v: K.Equalization(value_range=(0, 1), data_format="channels_last")(v, training=True))
image("autoContrast", [], {}, UNIT, lambda v: K.AutoContrast(value_range=(0, 1))(v, training=True))
image("autoContrast", [], {"valueRange": [0, 255]}, GRAY, lambda v: K.AutoContrast(value_range=(0, 255))(v, training=True))


def solar(addition, threshold):
    made = K.Solarization(value_range=(0, 1), data_format="channels_last")
    return lambda v: made.transform_images(v, {"additions": addition * 255, "thresholds": threshold * 255}, training=True)


for addition, threshold in ((0, 0.5), (0.25, 0.625)):
    image("solarization", [[addition, addition], [threshold, threshold]], {}, UNIT, solar(addition, threshold))
OUTSIDE = ({"outside": "border"}, {"fill_mode": "nearest"}), ({"outside": "zeros"}, {"fill_mode": "constant"})
for (mine, theirs), by in ((o, by) for o in OUTSIDE for by in (0.25, -0.125)):
    both = ((by, by), (-by, -by))
    kept = {"data_format": "channels_last", **theirs}
    for name, make, made in (("randomTranslation", [[by, by], [-by, -by]], K.RandomTranslation(*both, **kept)), ("randomZoom", [[by, by], [-by, -by]], K.RandomZoom(*both, **kept)), ("randomRotation", [[by, by]], K.RandomRotation(both[0], **kept))):
        image(name, make, mine, S2, lambda v, made=made: made(v, training=True))
# about the middle of [4, 5]
SHEAR = torch.tensor([[1, 0.25, -0.25 * 1.5, -0.5, 1, 0.5 * 2, 0, 0]])
image("randomShear", [[0.25, 0.25], [-0.5, -0.5]], {}, S2, lambda v: ops.image.affine_transform(v, SHEAR, fill_mode="nearest", data_format="channels_last"))
for by in (0.25, -0.25):
    image("randomBrightness", [[by, by]], {}, UNIT, lambda v, by=by: K.RandomBrightness((by, by), value_range=(0, 1))(v + 0, training=True))
    contrast, sharpness = (of(0.5, value_range=(0, 1), data_format="channels_last") for of in (K.RandomContrast, K.RandomSharpness))
    image("randomContrast", [[by, by]], {}, UNIT, lambda v, by=by, made=contrast: made.transform_images(v, {"contrast_factor": 1 + by}))
    image("randomSharpness", [[by, by]], {}, UNIT, lambda v, by=by, made=sharpness: made.transform_images(v, {"factor": torch.tensor([(1 + by) / 2])}))
for bits in (2, 4):
    image("randomPosterization", [bits], {"valueRange": [0, 255]}, GRAY, lambda v, bits=bits: K.RandomPosterization((bits, bits), value_range=(0, 255))(v, training=True))
