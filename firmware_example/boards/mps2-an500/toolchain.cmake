# Arm MPS2 with the image AN500: Cortex-M7.
set(SERNET_BOARD mps2-an500)
set(SERNET_MACHINE mps2)
set(SERNET_CPU "-mcpu=cortex-m7 -mfloat-abi=hard -mfpu=fpv5-d16")
include(${CMAKE_CURRENT_LIST_DIR}/../arm.cmake)
