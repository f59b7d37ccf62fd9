from __future__ import annotations

import pytest

from paddock.kernel import bpf


def test_an_assembled_program_reads_back_as_the_same_instructions():
    program = [bpf.load(4), bpf.if_equal(0xC000003E, 1, 0), bpf.give(0x80000000), bpf.keep(0xF), bpf.give(0x7FFF0000)]
    assert bpf.disassemble(bpf.assemble(program)) == program


def test_an_instruction_is_packed_as_struct_sock_filter_little_endian():
    assert bpf.assemble([bpf.if_at_least(0x40000000, 2, 3)]) == bytes.fromhex("3500 02 03 00000040".replace(" ", ""))


def test_the_low_words_of_arguments_lie_behind_number_architecture_and_pointer():
    assert [bpf.low_word(i) for i in range(6)] == [16, 24, 32, 40, 48, 56]


@pytest.mark.parametrize("distance", [-1, 256, 1000])
def test_a_jump_that_does_not_fit_is_an_error_and_never_wraps(distance: int):
    with pytest.raises(OverflowError):
        bpf.if_equal(1, distance, 0)
    with pytest.raises(OverflowError):
        bpf.if_at_least(1, 0, distance)


@pytest.mark.parametrize("count", [0, 4097])
def test_a_program_of_a_length_that_the_kernel_refuses_is_an_error(count: int):
    with pytest.raises(OverflowError):
        bpf.assemble([bpf.give(0)] * count)
