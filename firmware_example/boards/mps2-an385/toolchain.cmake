# Arm MPS2 with the image AN385: Cortex-M3.
set(SERNET_BOARD mps2-an385)
set(SERNET_MACHINE mps2)
set(SERNET_CPU "-mcpu=cortex-m3")
include(${CMAKE_CURRENT_LIST_DIR}/../arm.cmake)
