"""XXH64 as Spark's `xxhash64` computes it of a text: which keys belong to a sample, without Spark."""

from __future__ import annotations

import struct

SEED = 42
MASK = (1 << 64) - 1
P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P4, P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def xxhash64(text: str) -> int:
    """Returns the hash of a text's UTF-8, as the signed number that Spark has."""
    content = text.encode()
    length, place = len(content), 0
    if length >= 32:
        lanes = [(SEED + P1 + P2) & MASK, (SEED + P2) & MASK, SEED, (SEED - P1) & MASK]
        while place + 32 <= length:
            for number, word in enumerate(struct.unpack_from("<4Q", content, place)):
                lanes[number] = _round(lanes[number], word)
            place += 32
        value = sum(_rotated(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & MASK
        for lane in lanes:
            value = ((value ^ _round(0, lane)) * P1 + P4) & MASK
    else:
        value = (SEED + P5) & MASK
    value = _with_rest(content, place, (value + length) & MASK)
    value = ((value ^ (value >> 33)) * P2) & MASK
    value = ((value ^ (value >> 29)) * P3) & MASK
    value ^= value >> 32
    return value - (1 << 64) if value >> 63 else value


def _with_rest(content: bytes, place: int, value: int) -> int:
    while place + 8 <= len(content):
        value ^= _round(0, struct.unpack_from("<Q", content, place)[0])
        value = (_rotated(value, 27) * P1 + P4) & MASK
        place += 8
    if place + 4 <= len(content):
        value ^= (struct.unpack_from("<I", content, place)[0] * P1) & MASK
        value = (_rotated(value, 23) * P2 + P3) & MASK
        place += 4
    for byte in content[place:]:
        value ^= (byte * P5) & MASK
        value = (_rotated(value, 11) * P1) & MASK
    return value


def _round(lane: int, word: int) -> int:
    return (_rotated((lane + word * P2) & MASK, 31) * P1) & MASK


def _rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & MASK
