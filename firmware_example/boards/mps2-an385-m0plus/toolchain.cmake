# The same board with the instruction set of a Cortex-M0+, which a Cortex-M3 runs, too.
set(SERNET_BOARD mps2-an385-m0plus)
set(SERNET_MACHINE mps2)
set(SERNET_CPU "-mcpu=cortex-m0plus")
include(${CMAKE_CURRENT_LIST_DIR}/../arm.cmake)
