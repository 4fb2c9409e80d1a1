"""Which partition a key belongs to: Kafka's default partitioner, so that both event logs place keys alike."""

from struct import unpack_from

_MASK = 0xFFFFFFFF
_M = 0x5BD1E995
_SEED = 0x9747B28C


def murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bits unsigned, little endian, with the seed that Kafka's clients share."""
    length = len(data)
    state = _SEED ^ length
    words = length // 4
    for word in unpack_from(f"<{words}I", data):
        mixed = (word * _M) & _MASK
        mixed = ((mixed ^ (mixed >> 24)) * _M) & _MASK
        state = ((state * _M) & _MASK) ^ mixed
    rest = data[words * 4 :]
    if rest:
        state = ((state ^ int.from_bytes(rest, "little")) * _M) & _MASK
    state = ((state ^ (state >> 13)) * _M) & _MASK
    return state ^ (state >> 15)


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key: the hash without its sign bit, modulo the number of partitions."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions if partitions > 1 else 0
