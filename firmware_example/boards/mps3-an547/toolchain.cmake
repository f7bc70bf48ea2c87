# Arm MPS3 with the image AN547: Cortex-M55 with Helium.
set(SERNET_BOARD mps3-an547)
set(SERNET_MACHINE mps3)
set(SERNET_CPU "-mcpu=cortex-m55 -mfloat-abi=hard")
include(${CMAKE_CURRENT_LIST_DIR}/../arm.cmake)
