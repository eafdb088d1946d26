// CUDA on the CPU, for tests: one thread after the other. The headers are CUDA's own, which
// define the qualifiers away outside of nvcc; `kernel<<<blocks, threads, 0, stream>>>(…)` is
// rewritten to `emulated(blocks, threads, stream, [&] { kernel(…); })`.

#include <cuda_runtime.h>

static dim3 gridDim, blockDim, blockIdx, threadIdx;

extern "C" cudaError_t cudaGetLastError(void) { return cudaSuccess; }

template <typename Kernel>
void emulated(unsigned blocks, unsigned threads, cudaStream_t, Kernel kernel)
{
    gridDim.x = blocks;
    blockDim.x = threads;
    for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++) {
        for (threadIdx.x = 0; threadIdx.x < threads; threadIdx.x++) {
            kernel();
        }
    }
}
